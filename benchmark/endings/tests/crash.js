'use strict';

// One worker: a route throws outside of the promise of its request while another request is under way.

const { setTimeout: sleep } = require('node:timers/promises');
const { ask } = require('../../lib/ask');
const { withPeer } = require('../peers');
const { ms } = require('../words');

const PATIENCE_MS = 40_000;
const SLOW_MS = 1000;
const BEFORE_MS = 200;

const run = (peer) =>
  withPeer(peer, { workers: 1 }, async ({ subject, port }) => {
    const [old] = subject.living;
    const slow = ask(port, `/?id=slow&delay=${SLOW_MS}`, PATIENCE_MS);
    await sleep(BEFORE_MS);
    const from = Date.now();
    const crashing = ask(port, '/crash', PATIENCE_MS);
    const successor = () => [...subject.workers].find(([pid]) => pid !== old);
    const isReplaced = await subject.until(successor, PATIENCE_MS);
    const replaced = isReplaced ? successor()[1] - from : null;
    return { slow: await slow, crashing: await crashing, replaced };
  });

const waited = ({ outcome, took }) => (outcome === 'waits' ? `more than ${ms(took)}` : `${ms(took)} (${outcome})`);

module.exports = {
  name: 'crash',
  run,
  rows: [
    {
      what: 'crash: a slow request of the same worker is answered',
      show: ({ slow }) => (slow.outcome === 'answered' ? 'yes' : `no (${slow.outcome})`),
    },
    { what: 'crash: the client whose request crashed waits', show: ({ crashing }) => waited(crashing) },
    {
      what: 'crash: until a new worker listens',
      show: ({ replaced }) => (replaced === null ? `more than ${ms(PATIENCE_MS)}` : ms(replaced)),
    },
  ],
};
