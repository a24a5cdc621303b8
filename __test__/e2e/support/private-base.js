'use strict';

const os = require('node:os');
const path = require('node:path');

const root = path.join(__dirname, '../../..');

/** A folder for folders to which nobody but this user and root can write, nor to what it is in: not that of temporary files. */
function privateBase() {
  const { privateFolder } = require('../../../native');
  const found = [os.homedir(), root, '/run'].find((place) => privateFolder(place) !== null);
  if (!found)
    throw new Error(
      'These tests need a folder to which, and to what it is in, nobody else may write: set HOME to one.',
    );
  return found;
}

module.exports = { privateBase };
