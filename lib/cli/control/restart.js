'use strict';

const { setTimeout: sleep } = require('timers/promises');
const { ClusterError } = require('../../errors');
const { now } = require('../../real-timers');
const { duration } = require('../text');

const LOOK_EACH_MS = 100;
/** Twice as long as a process may take to start, by default. */
const PATIENCE_MS = 120_000;

/** Replaces the worker of a slot, and waits until the new one is ready, or has failed. */
async function restart(cluster, { operand: slot }) {
  const begin = now();
  const pid = await cluster.restart(slot);
  let successor;
  for (;;) {
    const { children } = await cluster.stats();
    const others = children.filter((child) => child.role === 'worker' && child.slot === slot && child.pid !== pid);
    const ready = others.find(({ state }) => state === 'listening');
    if (ready) {
      const after = Math.round(now() - begin);
      const line = `worker ${slot} restarted in ${duration(after)}: ${pid} → ${ready.pid}`;
      return { lines: [line], json: { slot, oldPid: pid, newPid: ready.pid, after } };
    }
    // Before that others may be in its way: one is replaced at a time.
    if (successor && !others.some((child) => child.pid === successor.pid)) {
      const why = `The new worker of slot ${slot} (pid ${successor.pid}) ended before it was ready; the old one works on.`;
      throw new ClusterError('ERR_CONTROL_FAILED', why);
    }
    successor ??= others.find(({ state }) => state === 'starting');
    if (now() - begin >= PATIENCE_MS) {
      const why = `Slot ${slot} has no other worker after ${duration(PATIENCE_MS)}. Look at its log, and at the others'.`;
      throw new ClusterError('ERR_CONTROL_FAILED', why);
    }
    await sleep(LOOK_EACH_MS);
  }
}

module.exports = { restart };
