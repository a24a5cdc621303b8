'use strict';
// Writes to the resource each millisecond, with its token, as fast as an alone can that has nothing else to do.

const net = require('node:net');
const { fence } = require('../..');

const EACH_MS = 1;

module.exports = () => {
  const socket = net.connect(process.env.BENCH_RESOURCE);
  socket.on('error', () => {});
  const timer = setInterval(() => socket.write(`${fence().token}\n`), EACH_MS);
  socket.write(`${fence().token}\n`);
  process.on('yunfly:drain', () => clearInterval(timer));
};
