'use strict';

const { once } = require('node:events');
const http = require('node:http');
const { WebSocket } = require('ws');

/** An open WebSocket; `how`: how it was closed. */
async function openWebSocket(port) {
  const opened = { how: 'left open' };
  const socket = new WebSocket(`ws://127.0.0.1:${port}/`);
  socket.on('error', () => {});
  socket.on('close', (code) => (opened.how = String(code)));
  opened.end = () => socket.terminate();
  await once(socket, 'open');
  return opened;
}

/** An open event stream; `how`: how it was closed. */
async function openEvents(port) {
  const opened = { how: 'left open' };
  const outgoing = http.get({ host: '127.0.0.1', port, path: '/events', agent: false });
  const [incoming] = await once(outgoing, 'response');
  outgoing.on('error', () => {});
  incoming.on('error', () => (opened.how = 'cut'));
  incoming.on('end', () => (opened.how = 'ended'));
  incoming.resume();
  opened.end = () => {
    incoming.removeAllListeners();
    incoming.on('error', () => {});
    outgoing.destroy();
  };
  return opened;
}

module.exports = { openWebSocket, openEvents };
