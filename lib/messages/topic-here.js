'use strict';

// subscribe(), once(), unsubscribe() and publish() of this process, whatever it is. The preload puts the endpoint of a worker or of the
// alone there, start() that of a cluster.

const { ClusterError } = require('../errors');

const TOPICS = Symbol.for('yunfly.cluster.topics');

function here() {
  const endpoint = process[TOPICS];
  if (endpoint) return endpoint;
  const remedy =
    'Call it in a worker or in the alone, or in the app after start(). With `register` there are no topics.';
  throw new ClusterError('ERR_NO_CLUSTER', `This process belongs to no cluster. ${remedy}`);
}

/** A cluster was started in this process: the last one counts. `open` gives its endpoint when it is needed. */
function enter(open) {
  Object.defineProperty(process, TOPICS, { get: open, configurable: true });
}

module.exports = {
  subscribe: (topic, listener) => here().subscribe(topic, listener),
  once: (topic, listener) => here().once(topic, listener),
  unsubscribe: (topic, listener) => here().unsubscribe(topic, listener),
  publish: (topic, value, options) => here().publish(topic, value, options),
  enter,
};
