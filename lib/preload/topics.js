'use strict';

// Publish and subscribe in a worker or in the alone. Loaded when it is needed: nothing comes for a process that has not subscribed.

const { TopicEndpoint } = require('../messages/topic');
const { codecs } = require('../messages/serialization');
const { warn } = require('../warn');

const CMD = 'NODE_YUNFLY_TOPIC';

/** `send`: process.send() as the preload has left it. */
function open({ role, serialization = 'json' }, send) {
  const link = {
    role,
    unreachable: () => (process.connected ? undefined : 'closed'),
    // Without a callback Node would emit a failed write as 'error' on `process`.
    send: (frame) => send.call(process, frame, () => {}),
    lose: ({ topic }) => warn('CLUSTER_CHANNEL_CLOSED', `'${topic}' was not published: the channel is closed.`),
  };
  const endpoint = new TopicEndpoint(link, codecs[serialization]);
  process.on('internalMessage', (frame) => frame.cmd === CMD && endpoint.receive(frame));
  process.on('disconnect', () => endpoint.close());
  return endpoint;
}

module.exports = { open };
