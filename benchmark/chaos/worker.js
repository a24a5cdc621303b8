'use strict';

// Writes down each connection and each request before it does anything else, synchronously: whatever happens to this
// process afterwards, it is known what it had taken. Orders come as messages.

const fs = require('node:fs');
const http = require('node:http');
const path = require('node:path');

const log = fs.openSync(path.join(process.env.CHAOS_LOGS, `${process.pid}.log`), 'a');
const note = (kind, value) => fs.writeSync(log, `${kind} ${value} ${Date.now()}\n`);

const LEAK_STEP = 16 * 1024 * 1024;
const LEAK_STEP_MS = 100;
const LEAK_STEPS = 24;

const orders = {
  block() {
    for (;;);
  },
  throw() {
    throw new Error('chaos');
  },
  leak() {
    const held = [];
    const timer = setInterval(() => {
      held.push(Buffer.alloc(LEAK_STEP, 1));
      if (held.length === LEAK_STEPS) clearInterval(timer);
    }, LEAK_STEP_MS);
    // Reachable as long as the process lives.
    process.held = held;
  },
};
process.on('message', ({ order }) => orders[order]?.());

/** Outside of what belongs to the request. */
function crash() {
  setImmediate(() => {
    throw new Error('a route that crashes');
  });
}

const server = http.createServer((request, response) => {
  const { pathname, searchParams } = new URL(request.url, 'http://localhost');
  if (pathname === '/crash') return crash();
  note('request', searchParams.get('id'));
  setTimeout(() => response.end(searchParams.get('id')), Number(searchParams.get('delay')));
});
// Before http's own listener.
server.prependListener('connection', (socket) => note('connection', socket.remotePort));
server.listen(0, '127.0.0.1');
