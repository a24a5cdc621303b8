'use strict';
// A job each second, on the second: tells the collector of ticks, who knows by the connection that somebody is at it.

const net = require('node:net');

const EACH_MS = 1000;

function everySecond(series) {
  const socket = net.connect(process.env.BENCH_TICKS);
  socket.on('error', () => {});
  socket.write(`${series}\n`);
  let timer;
  // A timer may be a millisecond early by the clock of the day: it is still the same second then.
  const next = (last) => {
    const tick = Math.max(Math.floor(Date.now() / EACH_MS), last) + 1;
    timer = setTimeout(
      () => {
        socket.write(`${tick}\n`);
        next(tick);
      },
      tick * EACH_MS - Date.now(),
    );
  };
  next(0);
  process.on('yunfly:drain', () => {
    clearTimeout(timer);
    socket.end();
  });
}

module.exports = { everySecond };
