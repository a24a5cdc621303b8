'use strict';
// What several tests have in common, which saves each of them a start.

const { endAll } = require('./end');
const { createScope, inScope, ofAllTests } = require('./scope');

/** Calls `begin()`; what it starts and writes lasts for all tests of the file. */
const shared = (begin) => inScope(ofAllTests, begin);

/**
 * For a describe block: the app that its tests have in common, as a function. Each of them leaves it as it found it, and sees only
 * what happened since its own begin.
 */
function sharedApp(start) {
  const scope = createScope();
  let app;
  beforeAll(async () => {
    app = await inScope(scope, start);
  });
  beforeEach(() => app.forget());
  afterAll(() => inScope(scope, endAll));
  return () => app;
}

module.exports = { shared, sharedApp };
