'use strict';

// Requests by schedule, whatever became of those before them. A latency counts from when the request was due, not from
// when it was sent: a client that is late (or was kept waiting) would otherwise hide the server's slowness.

const { request } = require('./request');

const TICK_MS = 1;

/** `rate` requests a second for `duration` ms. Resolves, when each has ended, with `{ outcome, latency (ms) }` of each. */
function openLoop(port, { rate, duration, patience }) {
  return new Promise((resolve) => {
    const under = [];
    const begin = performance.now();
    const send = async (due) => {
      const { outcome } = await request(port, '/', { patience });
      return { outcome, latency: performance.now() - due };
    };
    const timer = setInterval(() => {
      const now = performance.now();
      for (;;) {
        const due = begin + (under.length * 1000) / rate;
        if (due > begin + duration) {
          clearInterval(timer);
          resolve(Promise.all(under));
          return;
        }
        if (due > now) return;
        under.push(send(due));
      }
    }, TICK_MS);
  });
}

module.exports = { openLoop };
