'use strict';

const cluster = require('./cluster');
const files = require('./files');

/** Calls `begin()`; what it starts and writes lasts for all tests of the file, which saves each of them a start. */
async function shared(begin) {
  const begun = await begin();
  cluster.keepAll();
  files.keepAll();
  return begun;
}

module.exports = { shared };
