'use strict';

const { endAll } = require('./end');

jest.setTimeout(60_000);

afterEach(endAll);
