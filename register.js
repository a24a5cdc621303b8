'use strict';

const { isPrimary } = require('cluster');

// `--require` and `--import` are handed down to workers, where there is nothing to do: each loads no more than this file.
const { configure, register } = isPrimary ? require('./lib/register') : { configure() {}, register() {} };

register();

module.exports = { configure };
