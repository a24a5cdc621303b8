'use strict';

// Where an error comes from: the first line of its stack that is in the app's own code, and that code.

const fs = require('fs');
const { fileURLToPath } = require('url');
const { local } = require('./lines');
const { oneLine } = require('./text');

/** `    at find (/srv/users.js:12:21)`, `    at file:///srv/app.mjs:1:7` */
const CALL = /^ {4}at (?:.* \()?((?:file:\/\/)?\/[^()]*):(\d+):(\d+)\)?$/;
/** Of an error of syntax Node puts the place, the code and a mark above the message. */
const SYNTAX = /^((?:file:\/\/)?\/.*):(\d+)$/;
const INSTALLED = /\/node_modules\//;
/** What is longer was not written by hand. */
const LONGEST_CODE = 120;
const LARGEST_FILE = 1024 * 1024;

/** `{ file, line, column, call }`; undefined where the stack has no such line. */
function placeOf({ stack = '' }) {
  const [first, ...calls] = String(stack).split('\n');
  const [, broken, at] = SYNTAX.exec(first) ?? [];
  if (broken) return { file: pathOf(broken), line: Number(at), call: `    at ${local(pathOf(broken))}:${at}` };
  for (const call of calls) {
    const [, named, line, column] = CALL.exec(call) ?? [];
    if (!named || INSTALLED.test(named)) continue;
    const file = pathOf(named);
    return { file, line: Number(line), column: Number(column), call: oneLine(call.replace(named, local(file))) };
  }
  return undefined;
}

function pathOf(named) {
  try {
    return named.startsWith('file:') ? fileURLToPath(named) : named;
  } catch {
    return named;
  }
}

/** The line, and below it a mark where it happened, as Node prints it of an error at the start. Nothing where it cannot be read. */
function codeAt({ file, line, column }) {
  try {
    if (fs.statSync(file).size > LARGEST_FILE) return [];
    const code = fs.readFileSync(file, 'utf8').split('\n')[line - 1].trimEnd();
    const indent = code.length - code.trimStart().length;
    if (code.length - indent > LONGEST_CODE || !(column > indent)) return [];
    return [`      ${oneLine(code.trimStart())}`, `      ${' '.repeat(column - 1 - indent)}^`];
  } catch {
    return [];
  }
}

/** The lines below what is said of an error. `isPrinted`: Node itself has printed the code already. */
function frame(error, { isPrinted } = {}) {
  const place = error && placeOf(error);
  if (!place) return [];
  return [place.call, ...(isPrinted || place.column === undefined ? [] : codeAt(place))];
}

module.exports = { frame };
