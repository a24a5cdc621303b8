'use strict';

// request() and onRequest() of this process, whatever it is. The preload puts the endpoint of a worker or of the alone
// there, start() that of a cluster.

const { ClusterError } = require('../errors');

const REQUESTS = Symbol.for('yunfly.cluster.requests');

function here() {
  const endpoint = process[REQUESTS];
  if (endpoint) return endpoint;
  const remedy = 'Call it in a worker or in the alone, or in the app after start().';
  throw new ClusterError('ERR_NO_CLUSTER', `This process belongs to no cluster. ${remedy}`);
}

async function request(message, options) {
  // Awaited, so that the stack of an error shows who awaits this one.
  return await here().request(message, options);
}

function onRequest(action, handler) {
  return here().onRequest(action, handler);
}

/** A cluster was started in this process: the last one counts. `open` gives its endpoint when it is needed. */
function enter(open) {
  Object.defineProperty(process, REQUESTS, { get: open, configurable: true });
}

module.exports = { request, onRequest, enter };
