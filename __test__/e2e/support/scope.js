'use strict';
// What a test started and made, for its end. Each test of those that run at once has its own (at-once.js).

const { AsyncLocalStorage } = require('node:async_hooks');

const createScope = () => ({ apps: new Set(), open: [], folders: [] });

const storage = new AsyncLocalStorage();
const ofTheTest = createScope();
/** What lasts for all tests of a file (shared.js). */
const ofAllTests = createScope();

/** That of the test whose code is running. */
const scope = () => storage.getStore() ?? ofTheTest;

/** Runs `run`, whose scope this is. */
const inScope = (one, run) => storage.run(one, run);

/** A socket or server of the test's own. */
function closeAtEnd(one) {
  scope().open.push(one);
  return one;
}

function closeAll() {
  for (const one of scope().open.splice(0)) one.close();
}

module.exports = { createScope, inScope, ofAllTests, scope, closeAtEnd, closeAll };
