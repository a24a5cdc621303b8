'use strict';

const fs = require('fs');
const path = require('path');

const LOADABLE = /\.[cm]?[jt]s$/;
const OTHERS = /\.(?:d|test|spec)\.[cm]?[jt]s$/;
const OTHER_FOLDERS = /^(?:node_modules|__.*)$/;

/** Neither declarations nor tests. */
function isLoadable(name) {
  return !OTHERS.test(name) && LOADABLE.test(name);
}

/** A link that leads nowhere is none: an editor's lock, say, or what was removed. */
function isScript(file) {
  return Boolean(fs.statSync(file, { throwIfNoEntry: false })?.isFile());
}

/** `job.ts` beside the `job.js` that was compiled from it. */
function isSourceOf(name, names) {
  const compiled = name.replace(/ts$/, 'js');
  return compiled !== name && names.includes(compiled);
}

/** The files of an alone folder and its subfolders in the order in which they are loaded: by name. Links to folders may lead in a circle. */
function listAloneFiles(folder) {
  const entries = fs.readdirSync(folder, { withFileTypes: true }).filter(({ name }) => !name.startsWith('.'));
  const names = entries.map(({ name }) => name);
  return entries
    .sort((one, other) => (one.name < other.name ? -1 : 1))
    .flatMap((entry) => {
      const file = path.join(folder, entry.name);
      if (entry.isDirectory()) return OTHER_FOLDERS.test(entry.name) ? [] : listAloneFiles(file);
      return isLoadable(entry.name) && !isSourceOf(entry.name, names) && isScript(file) ? [file] : [];
    });
}

/** What `alone` stands for, a folder or a script. */
function aloneFiles(target) {
  return fs.statSync(target).isDirectory() ? listAloneFiles(target) : [target];
}

module.exports = { listAloneFiles, aloneFiles };
