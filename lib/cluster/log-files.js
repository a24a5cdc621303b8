'use strict';

// Whether the files of `output` can be written, before anything runs. They are written by the master.

const fs = require('fs');
const path = require('path');
const { invalid } = require('../config/check');
const { FILES } = require('../config/output-files');

/** A pipe that nobody reads is an error, not something to wait for. */
const { O_APPEND, O_CREAT, O_NONBLOCK, O_WRONLY } = fs.constants;

/** Throws for the first one that cannot. Of those for each worker that of the first one is tried. */
function checkLogFiles(output) {
  for (const name of FILES.filter((each) => output[each] !== undefined)) {
    const file = output[name].replaceAll('{slot}', '1').replaceAll('{instance}', '0');
    try {
      fs.mkdirSync(path.dirname(file), { recursive: true });
      fs.closeSync(fs.openSync(file, O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK, 0o666));
    } catch ({ message }) {
      const remedy = `${message}. Give this user the right to write there, or name another file.`;
      throw invalid(`output.${name}`, output[name], 'a file that can be written', remedy);
    }
  }
}

module.exports = { checkLogFiles };
