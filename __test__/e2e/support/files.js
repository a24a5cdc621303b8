'use strict';

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { privateBase } = require('./private-base');

/** Those of the test that runs. */
const created = [];
/** Those of all tests of its file. */
const shared = [];

/** A new empty folder, removed after the test (see keepAll). */
function folder(base = os.tmpdir()) {
  const made = fs.mkdtempSync(path.join(base, 'cluster-native-'));
  created.push(made);
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

/** What was made so far is removed after the last test of the file, not after this one. */
function keepAll() {
  shared.push(...created.splice(0));
}

const remove = (folders) => folders.splice(0).forEach((made) => fs.rmSync(made, { recursive: true }));
const removeAll = () => remove(created);
const removeShared = () => remove(shared);

module.exports = { folder, privateFolder, scripts, script, keepAll, removeAll, removeShared };
