'use strict';
// The native addon, or an error that says what to do without it.

const { ClusterError } = require('../errors');

function load() {
  try {
    return require('../../native.js');
  } catch (cause) {
    const { missingMessage } = require('./missing');
    throw new ClusterError('ERR_NATIVE_MISSING', missingMessage(cause), { cause });
  }
}

module.exports = load();
