'use strict';

// subscribe(), once(), unsubscribe() and publish() of this process, whatever it is.

const { here } = require('./here');

module.exports = {
  subscribe: (topic, listener) => here('topics').subscribe(topic, listener),
  once: (topic, listener) => here('topics').once(topic, listener),
  unsubscribe: (topic, listener) => here('topics').unsubscribe(topic, listener),
  publish: (topic, value, options) => here('topics').publish(topic, value, options),
};
