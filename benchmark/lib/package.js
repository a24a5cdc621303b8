'use strict';

// What is measured: this package, or another build of it (`npm run bench -- --against`).

const path = require('node:path');

module.exports = require(process.env.BENCH_PACKAGE ?? path.join(__dirname, '../..'));
