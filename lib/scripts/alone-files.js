'use strict';

const fs = require('fs');
const path = require('path');

const LOADABLE = /\.[cm]?[jt]s$/;
const DECLARATIONS = /\.d\.[cm]?ts$/;

function isLoadable(name) {
  return !name.startsWith('.') && !DECLARATIONS.test(name) && LOADABLE.test(name);
}

/** A link that leads nowhere is none: an editor's lock, say, or what was removed. */
function isScript(file) {
  return Boolean(fs.statSync(file, { throwIfNoEntry: false })?.isFile());
}

/** The files of an alone folder in the order in which they are loaded: by name, not those of its subfolders. */
function listAloneFiles(folder) {
  return fs
    .readdirSync(folder)
    .filter(isLoadable)
    .sort()
    .map((name) => path.join(folder, name))
    .filter(isScript);
}

/** What `alone` stands for, a folder or a script. */
function aloneFiles(target) {
  return fs.statSync(target).isDirectory() ? listAloneFiles(target) : [target];
}

module.exports = { listAloneFiles, aloneFiles };
