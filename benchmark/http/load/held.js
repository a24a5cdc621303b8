'use strict';

// Connections that stay open: each asks once who serves it.

const net = require('node:net');

const TICK_MS = 1;
const PATIENCE_MS = 10_000;
const QUESTION = 'GET /pid HTTP/1.1\r\nHost: localhost\r\n\r\n';

/** Each connection has a client address of its own, as clients of a real server have (127.0.0.0/8 is all local). */
const address = (index) => `127.1.${Math.floor(index / 250)}.${(index % 250) + 1}`;

function open(port, index, sockets) {
  return new Promise((resolve) => {
    const socket = net.connect({ port, host: '127.0.0.1', localAddress: address(index) });
    sockets.push(socket);
    socket.setTimeout(PATIENCE_MS, () => resolve(null));
    socket.on('error', () => resolve(null));
    socket.on('close', () => resolve(null));
    let text = '';
    socket.setEncoding('latin1').on('data', (part) => {
      text += part;
      const pid = text.match(/\r\n\r\n(\d+)\n/)?.[1];
      if (pid) resolve(Number(pid));
    });
    socket.write(QUESTION);
  });
}

/** Opens `count` connections within `duration` ms (0: at once). Resolves with the pid that serves each (null: none), and
 *  closes them then. */
async function hold(port, count, duration) {
  const sockets = [];
  const begin = performance.now();
  const served = await new Promise((resolve) => {
    const opened = [];
    const timer = setInterval(tick, TICK_MS);
    function tick() {
      const due = duration === 0 ? count : Math.min(count, Math.ceil(((performance.now() - begin) / duration) * count));
      while (opened.length < due) opened.push(open(port, opened.length, sockets));
      if (opened.length < count) return;
      clearInterval(timer);
      resolve(Promise.all(opened));
    }
  });
  for (const socket of sockets) socket.destroy();
  return served;
}

module.exports = { hold };
