'use strict';

// This process does what the benchmark orders over a socket of its own (../control.js), and ends when that is closed.

const net = require('node:net');
const readline = require('node:readline');

/** `calls`: by name, functions that get the order's options and give what came of it. `end`: how this process ends. */
module.exports = function takeOrders(role, calls, end = () => process.exit(0)) {
  const socket = net.connect(Number(process.env.BENCH_CONTROL), '127.0.0.1');
  const write = (message) => socket.write(`${JSON.stringify(message)}\n`);
  socket.setNoDelay();
  socket.on('close', end);
  write({ role, pid: process.pid });
  const lines = readline.createInterface({ input: socket });
  // 'close' follows. Newer Nodes emit the socket's error on the reader, too.
  for (const emitter of [socket, lines]) emitter.on('error', () => {});
  lines.on('line', async (line) => {
    const { id, name, options } = JSON.parse(line);
    try {
      write({ id, result: (await calls[name](options)) ?? null });
    } catch (err) {
      write({ id, error: String(err.stack) });
    }
  });
};
