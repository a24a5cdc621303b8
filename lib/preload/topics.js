'use strict';

// Publish and subscribe in a worker or in the alone. Loaded when it is needed: nothing comes for a process that has not subscribed.

const { sendSoon } = require('./channel');
const { TopicEndpoint } = require('../messages/topic');
const { codecs } = require('../messages/serialization');
const { warn } = require('../warn');

const CMD = 'NODE_YUNFLY_TOPIC';

function open({ role, serialization = 'json' }) {
  const link = {
    role,
    unreachable: () => (process.connected ? undefined : 'closed'),
    send: sendSoon,
    lose: ({ topic }) => warn('CLUSTER_CHANNEL_CLOSED', `'${topic}' was not published: the channel is closed.`),
  };
  const endpoint = new TopicEndpoint(link, codecs[serialization]);
  process.on('internalMessage', (frame) => frame.cmd === CMD && endpoint.receive(frame));
  process.on('disconnect', () => endpoint.close());
  return endpoint;
}

module.exports = { open };
