'use strict';

// Requests in a worker or in the alone. What answers them is loaded after the start, or when the first one comes.

const CMD = 'NODE_YUNFLY_RPC';
/** Where this package's request() and onRequest() find it, be it another copy of the package. */
const REQUESTS = Symbol.for('yunfly.cluster.requests');
const LOAD_AFTER_MS = 1000;
const send = process.send;

let endpoint;
/** Set as soon as this process ends. */
let waitUntil;

function start(boot) {
  const open = () => (endpoint ??= openEndpoint(boot));
  Object.defineProperty(process, REQUESTS, { get: open, configurable: true });
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
  // When it is needed, a deployment may have replaced the files; at once, it would delay the process's own start.
  setTimeout(open, LOAD_AFTER_MS).unref();
}

function openEndpoint({ role, serialization = 'json' }) {
  const { RequestEndpoint } = require('../request');
  const { codecs } = require('../serialization');
  const link = {
    role,
    replyTo: role === 'alone' ? { to: 'alone' } : { to: 'worker', worker_pid: process.pid },
    unreachable: () => (process.connected ? undefined : 'closed'),
    // Without a callback Node would emit a failed write as 'error' on `process`.
    send: (frame) => void send.call(process, frame, () => {}),
  };
  return new RequestEndpoint(link, codecs[serialization]);
}

module.exports = { start };
