'use strict';
// Sends to all workers of the fleet, counts what comes, and asks one worker of another host.

const http = require('node:http');
const { onRequest, request, sendmessage } = require('../../..');

const now = () => Number(process.hrtime.bigint()) / 1e6;
const tell = (message) => process.send({ to: 'app', ...message });

let expected = 0;
let received = 0;

/** As fast as the channel takes them. */
async function flood({ count, size, scope }) {
  const message = { to: 'worker', type: 'all', scope, action: 'count', data: 'x'.repeat(size) };
  const written = () => new Promise((resolve) => process.send(message, resolve));
  const begin = now();
  for (let sent = 1; sent <= count; sent += 1) {
    if (sent % 64 === 0) await written();
    else sendmessage(process, message);
  }
  tell({ name: 'sent', begin });
}

async function ask({ count, worker }) {
  const times = [];
  for (let i = 0; i < count; i += 1) {
    const begin = now();
    await request({ to: 'worker', worker_pid: worker, scope: 'fleet', action: 'echo', data: i });
    times.push(now() - begin);
  }
  tell({ name: 'answered', times });
}

onRequest('echo', (data) => data);

process.on('message', (message) => {
  if (message.action === 'count') {
    received += 1;
    if (received === expected) tell({ name: 'received', at: now(), count: received });
  } else if (message.action === 'expect') {
    expected = message.count;
    received = 0;
    tell({ name: 'expecting' });
  } else if (message.action === 'flood') flood(message);
  else if (message.action === 'ask') ask(message);
  else if (message.action === 'how many') tell({ name: 'received', at: now(), count: received });
});

http.createServer((_request, response) => response.end()).listen(0);
