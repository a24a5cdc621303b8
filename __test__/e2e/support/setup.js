'use strict';

const { stopAll } = require('./cluster');
const { removeAll } = require('./files');

jest.setTimeout(60_000);

afterEach(async () => {
  await stopAll();
  removeAll();
});
