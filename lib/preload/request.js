'use strict';

// Requests in a worker or in the alone. What answers them is loaded when the first one comes, or some time after the start.

const { sendSoon } = require('./channel');

const CMD = 'NODE_YUNFLY_RPC';

let open;
let endpoint;
/** Set as soon as this process ends. */
let waitUntil;

/** Gives what opens the endpoint of this process. */
function start(boot) {
  open = () => (endpoint ??= openEndpoint(boot));
  process.on('internalMessage', (frame) => {
    if (frame.cmd !== CMD) return;
    open().receive(frame);
    waitUntil?.(endpoint.settled());
  });
  process.on('disconnect', () => endpoint?.close());
  // Whoever asked gets an answer before this process ends.
  process.on('yunfly:drain', (drain) => {
    waitUntil = drain.waitUntil;
    waitUntil(open().settled());
  });
  return open;
}

function openEndpoint({ role, hasFleet, randomWorker, serialization = 'json' }) {
  const { RANDOM_WORKER, RequestEndpoint } = require('../messages/request');
  const { codecs } = require('../messages/serialization');
  const link = {
    role,
    hasFleet,
    unreachable: () => (process.connected ? undefined : 'closed'),
    send: (frame) => void sendSoon(frame),
  };
  const opened = new RequestEndpoint(link, codecs[serialization]);
  // Another host may choose this worker.
  if (hasFleet && role === 'worker') {
    opened.onRequest(RANDOM_WORKER, (message) => require('./random-worker').chosen(message, randomWorker));
  }
  return opened;
}

module.exports = { start, open: () => open() };
