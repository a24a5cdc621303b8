'use strict';

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { privateBase } = require('./private-base');
const { scope } = require('./scope');

/** A new empty folder, removed after the test. */
function folder(base = os.tmpdir()) {
  const made = fs.mkdtempSync(path.join(base, 'cluster-native-'));
  scope().folders.push(made);
  return made;
}

/** As folder(), but in a place where nobody else may write. */
const privateFolder = () => folder(privateBase());

/** Writes small scripts, `{ name: source }`, into a new folder; returns the folder. */
function scripts(sources) {
  const made = folder();
  for (const [name, source] of Object.entries(sources)) fs.writeFileSync(path.join(made, name), source);
  return made;
}

/** Writes one small script; returns its path. */
function script(source, name = 'script.js') {
  return path.join(scripts({ [name]: source }), name);
}

function removeAll() {
  for (const made of scope().folders.splice(0)) fs.rmSync(made, { recursive: true });
}

module.exports = { folder, privateFolder, scripts, script, removeAll };
