'use strict';

// A flood, and what it costs whoever forwards it.

const { setTimeout: sleep } = require('node:timers/promises');
const { cpuTime } = require('../../lib/proc');
const { MemoryWatch } = require('../proc');
const { arrived, lastOf, reset } = require('../settle');

const WARM_UP_SECONDS = 0.5;
const AFTERWARDS_MS = 5000;

async function run(senders, receivers, copies, options) {
  await reset(receivers);
  const floods = await Promise.all(senders.map((sender) => sender.call('flood', options)));
  const sent = floods.reduce((total, flood) => total + flood.sent, 0);
  const wanted = sent * copies;
  const { found, total } = await arrived(receivers, wanted);
  return { total, missing: wanted - total, ms: lastOf(found) - Math.min(...floods.map(({ from }) => from)) };
}

/**
 * `senders` send to `receivers`, `copies` of which get each message. Rates count what arrived, from the first send to the
 * last arrival; memory is that of the app's process, from before the warm-up on.
 */
async function throughput(session, { senders, receivers, copies = 1, seconds, size, target, own }) {
  const { pid } = session.app;
  const watch = new MemoryWatch(pid);
  try {
    const warmUp = await run(senders, receivers, copies, { size, target, own, seconds: WARM_UP_SECONDS });
    const before = cpuTime(pid);
    const { total, missing, ms } = await run(senders, receivers, copies, { size, target, own, seconds });
    const cost = ((cpuTime(pid) - before) * 1000) / total;
    await sleep(AFTERWARDS_MS);
    return {
      rate: total / (ms / 1000),
      cpu: session.peer.isMaster ? cost : null,
      missing: missing + warmUp.missing,
      ...watch.result(),
    };
  } finally {
    watch.stop();
  }
}

module.exports = { throughput };
