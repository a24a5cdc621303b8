'use strict';
// For tests that wait most of their time: those of a describe block run at once, `maxConcurrency` of them. Each has its own apps and
// folders. Jest calls neither beforeEach() nor afterEach() for them.

const { endAll } = require('./end');
const { createScope, inScope } = require('./scope');

const own =
  (run) =>
  (...args) =>
    inScope(createScope(), async () => {
      try {
        await run(...args);
      } finally {
        await endAll();
      }
    });

/** As Jest's own. */
const test = (name, run, timeout) => globalThis.test.concurrent(name, own(run), timeout);
test.each = (rows) => (name, run, timeout) => globalThis.test.concurrent.each(rows)(name, own(run), timeout);
test.skip = globalThis.test.skip;

module.exports = { test };
