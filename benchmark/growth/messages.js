'use strict';

// What a message costs the master, as its size or the number of its receivers grows.

const { peers } = require('../messages/peers');
const { Session } = require('../messages/session');
const { throughput } = require('../messages/tests/throughput');

const [own] = peers;

async function measure(workers, options) {
  const session = await Session.start(own, workers);
  try {
    const { rate, cpu, missing } = await throughput(session, options(session));
    if (missing > 0) throw new Error(`${missing} messages did not arrive`);
    return { rate, master: cpu };
  } finally {
    await session.end();
  }
}

/** Two workers send to the alone. */
function ofSize(size, seconds) {
  const toAlone = ({ workers: senders, alone }) => ({ senders, receivers: [alone], target: { to: 'alone' } });
  return measure(2, (session) => ({ ...toAlone(session), size, seconds }));
}

/** The alone sends 1 KiB to all workers; each copy counts. */
function toWorkers(workers, seconds) {
  const toAll = ({ workers: receivers, alone }) => ({ senders: [alone], receivers, copies: workers });
  const target = { to: 'worker', type: 'all' };
  return measure(workers, (session) => ({ ...toAll(session), target, size: 1024, seconds }));
}

module.exports = { ofSize, toWorkers };
