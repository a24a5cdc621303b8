'use strict';

// What is watched in development.

const fs = require('fs');
const path = require('path');
const { invalid } = require('./fields');

function isIn(file, folder) {
  const from = path.relative(folder, file);
  return from === '' || (!from.startsWith('..') && !path.isAbsolute(from));
}

/** `src`, where there is such a folder; otherwise the folder of the script. */
function defaultFolder(cwd, exec) {
  const src = path.join(cwd, 'src');
  return fs.statSync(src, { throwIfNoEntry: false })?.isDirectory() ? src : path.dirname(exec);
}

function resolve(given, cwd) {
  const file = path.resolve(cwd, given);
  if (!fs.existsSync(file)) {
    throw invalid('watch', given, 'paths of existing files or folders', `There is none at ${file}; relative paths are resolved from \`cwd\`.`);
  }
  return file;
}

/** The absolute paths of the files and folders whose changes count. Undefined: none. */
function watchedPaths(watch = true, { cwd, exec, alone }) {
  if (watch === false) return undefined;
  const asked = watch === true ? [defaultFolder(cwd, exec)] : [watch].flat().map((given) => resolve(given, cwd));
  const scripts = [exec, alone].filter((file) => file && !asked.some((folder) => isIn(file, folder)));
  return [...new Set([...asked, ...scripts])];
}

module.exports = { watchedPaths };
