'use strict';

const { configure, register } = require('./lib/register');

register();

module.exports = { configure };
