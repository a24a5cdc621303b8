'use strict';

const { generate } = require('../load/generators');
const { machineTime } = require('../../lib/proc');
const { percentile } = require('../../lib/statistics');

const columns = [
  { key: 'rate', label: 'requests/s', digits: 0, ratios: true },
  { key: 'server', label: 'server CPU per request, µs', digits: 1, ratios: true },
  { key: 'p99', label: 'p99, ms', digits: 1 },
  { key: 'client', label: 'client CPU per request, µs', digits: 1 },
  { key: 'others', label: 'other processes, % of the CPUs', digits: 0 },
  { key: 'failed', label: 'failed', digits: 0, from: 'total' },
];

function throughput(kind, workers, title) {
  return {
    name: `${kind}-${workers}`,
    group: kind,
    workers,
    title,
    columns,
    async run(subject, port, { seconds }) {
      const seated = () => [...subject.workers.keys()].join();
      const before = seated();
      const measured = await generate(kind, port, seconds * 1000, () => ({
        server: subject.cpuTime(),
        machine: machineTime(),
      }));
      // The time of those that are gone is not known any more.
      if (seated() !== before) throw new Error('a worker was replaced while it was measured');
      const { requests, failed, latencies, cpu, begin, end } = measured;
      const server = end.server - begin.server;
      const others = end.machine.busy - begin.machine.busy - server - cpu / 1000;
      return {
        rate: requests / seconds,
        server: (server * 1000) / requests,
        p99: percentile(latencies, 0.99) / 1000,
        client: cpu / requests,
        others: (others * 100) / (end.machine.total - begin.machine.total),
        failed,
      };
    },
  };
}

module.exports = [
  throughput('short', 2, 'Short connections, 2 workers: a new connection for each request'),
  throughput('short', 4, 'Short connections, 4 workers'),
  throughput('keepalive', 2, 'Keep-alive, 2 workers: 32 connections that stay'),
  throughput('keepalive', 4, 'Keep-alive, 4 workers'),
];
