'use strict';

const { endAll } = require('./end');
const { inScope, ofAllTests } = require('./scope');

jest.setTimeout(240_000);

afterEach(endAll);

afterAll(async () => {
  // What a hook started that failed.
  await endAll();
  await inScope(ofAllTests, endAll);
});
