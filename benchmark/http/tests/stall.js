'use strict';

// Half of the time one of two workers does not answer.

const { openLoop } = require('../load/open-loop');
const { request, outcomes } = require('../load/request');
const { percentile } = require('../../lib/statistics');

const PATIENCE_MS = 10_000;
const RATE = 200;
/** Five periods of blocking at least. */
const LEAST_MS = 3000;

module.exports = [
  {
    name: 'stall',
    group: 'stall',
    workers: 2,
    title: `One of 2 workers blocks 300 ms of every 600; ${RATE} new connections/s, open loop`,
    columns: [
      { key: 'p50', label: 'p50, ms', digits: 1 },
      { key: 'p90', label: 'p90, ms', digits: 1 },
      { key: 'p99', label: 'p99, ms', digits: 1 },
      { key: 'lost', label: 'lost', digits: 0, from: 'total' },
      { key: 'hung', label: 'hung', digits: 0, from: 'total' },
    ],
    async run(subject, port, { seconds }) {
      await request(port, '/stall', { patience: PATIENCE_MS });
      const duration = Math.max(LEAST_MS, seconds * 1000);
      const results = await openLoop(port, { rate: RATE, duration, patience: PATIENCE_MS });
      const latencies = results.map(({ latency }) => latency);
      const { lost, hung } = outcomes(results);
      const [p50, p90, p99] = [0.5, 0.9, 0.99].map((p) => percentile(latencies, p));
      return { p50, p90, p99, lost, hung };
    },
  },
];
