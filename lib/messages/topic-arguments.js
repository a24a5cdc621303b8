'use strict';

// What subscribe(), once(), unsubscribe() and publish() may be called with.

const { ClusterError } = require('../errors');

const LONGEST_TOPIC = 256;

function shown(value) {
  if (typeof value === 'string') return `'${value}'`;
  return typeof value === 'object' && value !== null ? 'an object' : String(value);
}

function checkTopic(topic) {
  if (typeof topic === 'string' && topic !== '' && topic.length <= LONGEST_TOPIC) return;
  const given = typeof topic === 'string' && topic !== '' ? `has ${topic.length}` : `is ${shown(topic)}`;
  throw new ClusterError(
    'ERR_TOPIC_INVALID',
    `A topic is a string of 1 to ${LONGEST_TOPIC} characters; this ${given}.`,
  );
}

function checkListener(listener) {
  if (typeof listener === 'function') return;
  throw new ClusterError(
    'ERR_CALLBACK_INVALID',
    `The listener of a topic must be a function, but is ${shown(listener)}.`,
  );
}

function checkOptions(options = {}) {
  if (options === null || typeof options !== 'object') {
    throw new ClusterError('ERR_TOPIC_INVALID', 'The options of publish() must be an object such as { retain: true }.');
  }
  const { retain = false, scope } = options;
  if (typeof retain !== 'boolean') {
    throw new ClusterError(
      'ERR_TOPIC_INVALID',
      `\`retain\` of publish() must be true or false, but is ${shown(retain)}.`,
    );
  }
  if (scope === undefined || scope === 'fleet') return { retain, scope };
  throw new ClusterError('ERR_TOPIC_INVALID', `\`scope\` of publish() must be 'fleet', but is ${shown(scope)}.`);
}

module.exports = { checkListener, checkOptions, checkTopic };
