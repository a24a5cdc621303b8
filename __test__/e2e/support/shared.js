'use strict';

const { endAll } = require('./end');
const { createScope, inScope } = require('./scope');

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

module.exports = { sharedApp };
