'use strict';

// Messages of one size, one after the other.

const { setImmediate: turn } = require('node:timers/promises');
const now = require('./clock');

/** So often the event loop gets its turn, although nothing holds the sender back. */
const SLICE_MS = 10;

/**
 * Sends for `seconds`, or until `total` messages are sent, as fast as backpressure allows: while send() returns true.
 * After a false one more message is sent, and its callback waited for. Resolves with `{ sent, from }`.
 */
module.exports = async function flood(send, { size, target, seconds = Infinity, total = Infinity }) {
  const message = { ...target, action: 'flood', data: 'x'.repeat(size) };
  const from = now();
  const end = from + seconds * 1000;
  let sent = 0;
  while (sent < total && now() < end) {
    const slice = now() + SLICE_MS;
    let isOpen = true;
    while (isOpen && sent < total && now() < slice) {
      isOpen = send(message);
      sent += 1;
    }
    if (isOpen || sent === total) {
      await turn();
    } else {
      await new Promise((resolve, reject) => send(message, (err) => (err ? reject(err) : resolve())));
      sent += 1;
    }
  }
  return { sent, from };
};
