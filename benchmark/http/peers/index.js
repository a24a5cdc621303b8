'use strict';

// Who is compared.

const path = require('node:path');
const { home } = require('../../lib/home');
const { Subject } = require('../../lib/subject');
const { freePort } = require('../../../__test__/e2e/support/free-port');

const native = (balance) => ({ name: balance, label: `cluster-native, ${balance}`, script: 'cluster-native', balance });

/** `balance` is what the start script understands by it; `only`: the groups of tests that it takes part in, if not all. */
const PEERS = [
  native('auto'),
  native('round-robin'),
  native('shared'),
  { ...native('sticky'), only: ['spread'] },
  { name: 'node-rr', label: 'node:cluster, round-robin', script: 'node-cluster', balance: 'round-robin' },
  { name: 'node-none', label: 'node:cluster, SCHED_NONE', script: 'node-cluster', balance: 'none' },
  { name: 'register', label: 'node:cluster code with register', script: 'register', balance: 'round-robin' },
  { name: 'pm2', label: 'PM2, cluster mode', script: 'pm2' },
  { name: 'throng', label: 'throng', script: 'throng' },
  { name: 'cfork', label: 'cfork and graceful-process', script: 'cfork' },
  { name: 'bare', label: 'a Node process without a cluster', script: 'bare', only: ['memory'] },
];

/** Starts a peer, waits until all workers listen, measures (`subject`, `port`), and ends it whatever happens. */
async function withPeer({ script, balance }, workers, measure) {
  const port = await freePort();
  const file = path.join(__dirname, `${script}.js`);
  const subject = new Subject(file, { workers, balance }, { PORT: String(port), PM2_HOME: home() });
  try {
    await subject.started();
    const measured = await measure(subject, port);
    if (subject.hasEnded) throw new Error('the subject ended while it was measured');
    return measured;
  } finally {
    await subject.stop();
  }
}

module.exports = { PEERS, withPeer };
