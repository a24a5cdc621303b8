'use strict';

const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

/** npm writes this when it has finished installing. */
const INSTALLED = path.join('node_modules', '.package-lock.json');

const modified = (file) => fs.statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;

/** Installs what a folder's package-lock.json names, unless that was done since it last changed. */
function installPackages(folder) {
  if (modified(path.join(folder, INSTALLED)) >= modified(path.join(folder, 'package-lock.json'))) return;
  console.error(`installing the packages of ${folder}`);
  // Its output would mix with that of the benchmark.
  execFileSync('npm', ['ci', '--no-audit', '--no-fund'], { cwd: folder, stdio: ['ignore', 2, 2] });
}

module.exports = { installPackages };
