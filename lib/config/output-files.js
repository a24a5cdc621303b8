'use strict';

// `output` as an object: the files for what children print.

const path = require('path');
const { bytesOf, isObject, isString, KIB } = require('./kinds');

/** In this order they are named: for both streams, for stdout, for stderr. */
const FILES = ['file', 'outFile', 'errorFile'];

const MOST_KEPT = 1000;
const KEPT = 5;

const ACCEPTS = {
  ...Object.fromEntries(FILES.map((name) => [name, isPath])),
  maxSize: (size) => size === false || bytesOf(size) >= 4 * KIB,
  keep: (count) => Number.isInteger(count) && count >= 1 && count <= MOST_KEPT,
};

/** A word in braces that stands for nothing is a mistake: `app-{pid}.log` would be the name. */
function isPath(file) {
  return isString(file) && (file.match(/\{\w+\}/g) ?? []).every((word) => ['{slot}', '{instance}'].includes(word));
}

function accepts(output) {
  if (!isObject(output)) return false;
  const given = Object.entries(output).filter(([, value]) => value !== undefined);
  const names = given.map(([name]) => name);
  if (!FILES.some((name) => names.includes(name))) return false;
  // Without a size nothing is full.
  if (names.includes('keep') && !output.maxSize) return false;
  return given.every(([name, value]) => Object.hasOwn(ACCEPTS, name) && ACCEPTS[name](value));
}

/** As the master has it (OutputFiles in crates/master/src/config.rs), but for the folder. */
function settled({ maxSize = false, keep = KEPT, ...files }) {
  return { ...files, maxSize: maxSize ? bytesOf(maxSize) : undefined, keep };
}

function placed(output, cwd) {
  const files = FILES.filter((name) => output[name] !== undefined);
  return { ...output, ...Object.fromEntries(files.map((name) => [name, path.resolve(cwd, output[name])])) };
}

module.exports = { accepts, FILES, placed, settled };
