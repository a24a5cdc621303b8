'use strict';

const { stopAll, stopShared } = require('./cluster');
const { removeAll, removeShared } = require('./files');

jest.setTimeout(60_000);

afterEach(async () => {
  await stopAll();
  removeAll();
});

afterAll(async () => {
  // What was to be shared, where that failed on its way, has not become so.
  await stopAll();
  await stopShared();
  removeAll();
  removeShared();
});
