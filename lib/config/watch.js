'use strict';

// What is watched in development.

const fs = require('fs');
const path = require('path');
const { invalid } = require('./check');

function isIn(file, folder) {
  const from = path.relative(folder, file);
  return from === '' || (!from.startsWith('..') && !path.isAbsolute(from));
}

/** `src`, where there is such a folder, and the script's own folder: what is in `src` may be compiled into it. But not the
 *  whole project for a script that stands at its top. */
function defaultFolders(cwd, exec) {
  const src = path.join(cwd, 'src');
  const own = path.dirname(exec);
  if (!fs.statSync(src, { throwIfNoEntry: false })?.isDirectory()) return [own];
  return isIn(own, src) || own === cwd ? [src] : [src, own];
}

function resolve(given, cwd) {
  const file = path.resolve(cwd, given);
  if (!fs.existsSync(file)) {
    throw invalid(
      'watch',
      given,
      'paths of existing files or folders',
      `There is none at ${file}; relative paths are resolved from \`cwd\`.`,
    );
  }
  return file;
}

/** The absolute paths of the files and folders whose changes count. Undefined: nothing is started again by a change; none: what is
 *  started again somebody else says, by reload(). */
function watchedPaths(watch = true, { cwd, exec, alone }) {
  if (watch === false) return undefined;
  if (Array.isArray(watch) && watch.length === 0) return [];
  const asked = watch === true ? defaultFolders(cwd, exec) : [watch].flat().map((given) => resolve(given, cwd));
  // Those in a watched folder, too: git may ignore them there, as it does what is compiled.
  const scripts = [exec, alone].filter(Boolean);
  return [...new Set([...asked, ...scripts])];
}

module.exports = { watchedPaths };
