'use strict';

// request() and onRequest() of this process, whatever it is. The preload puts the endpoint and the messenger of a worker or of
// the alone there, start() those of a cluster.

const { ClusterError } = require('../errors');

const REQUESTS = Symbol.for('yunfly.cluster.requests');
const MESSENGER = Symbol.for('yunfly.cluster.messenger');

function here(what) {
  const found = process[what];
  if (found) return found;
  const remedy = 'Call it in a worker or in the alone, or in the app after start().';
  throw new ClusterError('ERR_NO_CLUSTER', `This process belongs to no cluster. ${remedy}`);
}

async function request(message, options) {
  // Awaited, so that the stack of an error shows who awaits this one.
  return await here(REQUESTS).request(message, options);
}

function onRequest(action, handler) {
  return here(REQUESTS).onRequest(action, handler);
}

/** A cluster was started in this process: the last one counts. These give its endpoint and its messenger when they are needed. */
function enter(openRequests, openMessenger) {
  Object.defineProperty(process, REQUESTS, { get: openRequests, configurable: true });
  Object.defineProperty(process, MESSENGER, { get: openMessenger, configurable: true });
}

module.exports = { MESSENGER, here, request, onRequest, enter };
