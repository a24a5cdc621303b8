'use strict';

// What a worker and the alone do, the same for every peer. `channel` is `process`, or what stands for it.

const { Asker } = require('./asker');
const now = require('./clock');
const flood = require('./flood');
const { atOnce, atRate } = require('./latency');
const takeOrders = require('./orders');

/** This project's own functions, for the peer that is measured with them. */
const own = () => require('../../lib/package');

module.exports = function takePart(role, channel) {
  const received = { count: 0, last: 0 };
  const send = (message, callback) => channel.send(message, callback);
  const asker = new Asker(send);
  const byHand = (data) => asker.ask(data);
  const withRequest = (data) => own().request({ to: 'alone', action: 'bench', data });
  const withSendmessage = (message, callback) =>
    callback ? send(message, callback) : own().sendmessage(channel, message);

  channel.on('message', (message) => {
    if (message.action === 'flood') {
      received.count += 1;
      received.last = now();
    } else if (message.action === 'ask') asker.answer(message);
    else if (message.action === 'answer') asker.take(message);
  });

  takeOrders(role, {
    flood: ({ own: isOwn, ...options }) => flood(isOwn ? withSendmessage : send, options),
    reset: () => Object.assign(received, { count: 0, last: 0 }),
    received: () => received,
    roundTrips: (options) => atRate(byHand, options),
    answerRequests: () => void own().onRequest('bench', (data) => data),
    requests: ({ own: isOwn, ...options }) => atOnce(isOwn ? withRequest : byHand, options),
  });
};
