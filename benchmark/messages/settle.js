'use strict';

// When has everything arrived?

const { setTimeout: sleep } = require('node:timers/promises');

const POLL_MS = 20;
/** What has not come on for so long does not come any more. */
const STALL_MS = 10_000;

/** How much each of the receivers has: `[{ count, last }]`. */
const received = (receivers) => Promise.all(receivers.map((receiver) => receiver.call('received')));

const sum = (list) => list.reduce((total, { count }) => total + count, 0);

/** Resolves with what the receivers have once that are `wanted` messages, or when nothing came for a long time. */
async function arrived(receivers, wanted) {
  let last = { total: -1, at: 0 };
  for (;;) {
    const found = await received(receivers);
    const total = sum(found);
    if (total === wanted) return { found, total };
    if (total !== last.total) last = { total, at: Date.now() };
    else if (Date.now() - last.at > STALL_MS) return { found, total };
    await sleep(POLL_MS);
  }
}

const reset = (receivers) => Promise.all(receivers.map((receiver) => receiver.call('reset')));

/** When the last of them got its last message. */
const lastOf = (found) => Math.max(...found.map(({ last }) => last));

module.exports = { arrived, reset, lastOf };
