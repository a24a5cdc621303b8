'use strict';

const fs = require('fs');
const path = require('path');

const LOADABLE = new Set(['.js', '.cjs', '.mjs', '.ts']);

function isLoadable(name) {
  return !name.startsWith('.') && !name.endsWith('.d.ts') && LOADABLE.has(path.extname(name));
}

/** The files of an alone folder in the order in which they are loaded: by name, not those of its subfolders. */
function listAloneFiles(folder) {
  return fs
    .readdirSync(folder)
    .filter(isLoadable)
    .sort()
    .map((name) => path.join(folder, name))
    .filter((file) => fs.statSync(file).isFile());
}

module.exports = { listAloneFiles };
