'use strict';

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

let files;

/** A new folder for what a subject writes, PM2 above all. All of them are removed when this process ends, however it does. */
function home() {
  if (!files) {
    files = fs.mkdtempSync(path.join(os.tmpdir(), 'cluster-native-bench-'));
    process.once('exit', () => fs.rmSync(files, { recursive: true, force: true }));
  }
  return fs.mkdtempSync(path.join(files, 'home-'));
}

module.exports = { home };
