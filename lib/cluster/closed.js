'use strict';

const { ClusterError } = require('../errors');

/** For who waits for a cluster to be ready. */
function closedError() {
  return new ClusterError('ERR_CLOSED', 'The cluster was closed before it was ready.');
}

module.exports = { closedError };
