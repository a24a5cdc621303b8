'use strict';

// As what Node takes a script: its name says so, or the nearest package.json.

const fs = require('fs');
const path = require('path');

/** .ts, .mts, .cts; also .tsx, which loaders take. */
function isTypeScript(file) {
  return /\.(?:[cm]?ts|tsx)$/.test(file);
}

/** Whether it is an ES module by its name or by the nearest package.json. Node >= 22.7 also looks for ES syntax where
 *  neither says anything, which require() then does too. */
function isModule(file) {
  if (/\.m[jt]s$/.test(file)) return true;
  if (/\.c[jt]s$/.test(file)) return false;
  return nearestType(path.dirname(file)) === 'module';
}

function nearestType(start) {
  for (let folder = start; ; folder = path.dirname(folder)) {
    const text = readIfThere(path.join(folder, 'package.json'));
    if (text !== undefined) return typeIn(text);
    if (folder === path.dirname(folder)) return undefined;
  }
}

function readIfThere(file) {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

/** A broken one is Node's to complain of. */
function typeIn(text) {
  try {
    return JSON.parse(text)?.type;
  } catch {
    return undefined;
  }
}

module.exports = { isTypeScript, isModule };
