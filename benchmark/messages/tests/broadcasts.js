'use strict';

// The alone sends to all workers.

const { throughput } = require('./throughput');

const SIZE = 1024;

module.exports = [2, 8, 32].map((workers) => ({
  name: `broadcast-${workers}`,
  title: `The alone to all of ${workers} workers, 1 KiB (each copy counts)`,
  workers,
  columns: ['rate', 'cpu', 'peak', 'growth', 'left', 'missing'],
  run: (session, { seconds }) =>
    throughput(session, {
      senders: [session.alone],
      receivers: session.workers,
      copies: workers,
      seconds,
      size: SIZE,
      target: { to: 'worker', type: 'all' },
    }),
}));
