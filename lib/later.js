'use strict';

// What the app process needs after the start, read as long as its files are there: a deployment may remove the release that the
// app was started from, or replace the package, and a process without descriptors can read nothing.

const fs = require('fs');
const os = require('os');
const path = require('path');

// What they require comes with them.
require('./changes');
require('./child-failure');
require('./config/loader');
require('./handles');
require('./request');
require('./restart-loops');
require('./sendmessage');
require('./v8-text');

/** What Node is told to load in a child (native-config.js). */
const ENTRIES = ['preload/index.js', 'preload/alone-main.js'];
const REQUIRED = /require\('(\.[^']+)'\)/g;

/** The files of children, relative to this folder: these and what they require. */
function preloadFiles() {
  const names = new Set(ENTRIES);
  for (const name of names) {
    const source = fs.readFileSync(path.join(__dirname, name), 'utf8');
    for (const [, required] of source.matchAll(REQUIRED)) names.add(path.join(path.dirname(name), `${required}.js`));
  }
  return [...names];
}

/** The master keeps them for the processes that it starts from now on. */
function keepPreload(master) {
  const folders = [process.env.XDG_RUNTIME_DIR, os.tmpdir()].filter((folder) => folder && path.isAbsolute(folder));
  master.keepPreload(__dirname, preloadFiles(), folders);
}

module.exports = { keepPreload, preloadFiles };
