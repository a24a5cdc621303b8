'use strict';

// Connections that are open and idle: each has been answered once, so a worker has it.

const net = require('node:net');

/** So many are opened at a time. */
const AT_ONCE = 100;
/** Each address has its own ports: 127.0.0.0/8 is all local. */
const OF_AN_ADDRESS = 10_000;
const QUESTION = 'GET /pid HTTP/1.1\r\nHost: localhost\r\n\r\n';

function openOne(port, index) {
  return new Promise((resolve, reject) => {
    const localAddress = `127.2.0.${1 + Math.floor(index / OF_AN_ADDRESS)}`;
    const socket = net.connect({ port, host: '127.0.0.1', localAddress });
    socket.on('error', reject);
    socket.once('data', () => resolve(socket));
    socket.write(QUESTION);
  });
}

/** Resolves with what closes them. It rejects, then, if one was closed meanwhile. */
async function open(port, count) {
  const sockets = [];
  while (sockets.length < count) {
    const group = Array.from({ length: Math.min(AT_ONCE, count - sockets.length) }, (_, i) =>
      openOne(port, sockets.length + i),
    );
    sockets.push(...(await Promise.all(group)));
  }
  return () => {
    const lost = sockets.filter(({ readyState }) => readyState !== 'open').length;
    for (const socket of sockets) socket.destroy();
    if (lost > 0) throw new Error(`${lost} of ${count} idle connections were closed while it was measured`);
  };
}

module.exports = { open };
