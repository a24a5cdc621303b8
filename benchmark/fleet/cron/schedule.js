'use strict';
// A job each second, on the second: tells the collector of ticks, who knows by the connection that somebody is at it.

const net = require('node:net');

const EACH_MS = 1000;

function everySecond(series) {
  const socket = net.connect(process.env.BENCH_TICKS);
  socket.on('error', () => {});
  socket.write(`${series}\n`);
  let timer;
  const next = () => {
    const at = (Math.floor(Date.now() / EACH_MS) + 1) * EACH_MS;
    timer = setTimeout(() => {
      socket.write(`${at / EACH_MS}\n`);
      next();
    }, at - Date.now());
  };
  next();
  process.on('yunfly:drain', () => {
    clearTimeout(timer);
    socket.end();
  });
}

module.exports = { everySecond };
