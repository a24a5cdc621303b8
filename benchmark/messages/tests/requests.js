'use strict';

// Two workers ask the alone, 32 questions each at any time.

const { cpuTime } = require('../../lib/proc');

const SIZE = 64;
const CONCURRENCY = 32;
const WARM_UP_SECONDS = 0.5;

function ask(workers, options) {
  return Promise.all(
    workers.map((worker) => worker.call('requests', { concurrency: CONCURRENCY, size: SIZE, ...options })),
  );
}

async function run({ app, alone, workers, peer }, seconds, own) {
  if (own) await alone.call('answerRequests');
  await ask(workers, { own, seconds: WARM_UP_SECONDS });
  const before = cpuTime(app.pid);
  const results = await ask(workers, { own, seconds });
  const cost = (cpuTime(app.pid) - before) * 1000;
  const sum = (name) => results.reduce((total, result) => total + result[name], 0);
  return {
    answered: sum('rate'),
    // A request and its reply are two messages.
    cpu: peer.isMaster ? cost / (2 * sum('count')) : null,
    p50: Math.max(...results.map(({ p50 }) => p50)),
    p99: Math.max(...results.map(({ p99 }) => p99)),
  };
}

const shape = { workers: 2, columns: ['answered', 'cpu', 'p50', 'p99'] };

module.exports = [
  {
    ...shape,
    name: 'requests',
    title: 'Requests answered per second, 2 workers with 32 under way each: `request()` here, by hand elsewhere',
    run: (session, { seconds }) => run(session, seconds, session.peer.hasRequest === true),
  },
  {
    ...shape,
    name: 'requests-by-hand',
    title: 'The same, by hand everywhere',
    run: (session, { seconds }) => run(session, seconds, false),
  },
];
