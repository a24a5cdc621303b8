'use strict';
// One host: argv[2] is its `fleet`. It says when it has started, and the pids of its workers when asked.

const path = require('node:path');
const readline = require('node:readline');
const { createCluster } = require('../../..');

const tell = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);

const cluster = createCluster({
  exec: path.join(__dirname, 'worker.js'),
  alone: path.join(__dirname, 'alone.js'),
  count: 2,
  mode: 'production',
  logger: { error() {}, warn() {}, info() {}, debug() {} },
  fleet: JSON.parse(process.argv[2]),
});
readline.createInterface({ input: process.stdin }).on('line', () => {
  tell({ name: 'workers', pids: cluster.workers.map(({ pid }) => pid) });
});
cluster.start().then(() => tell({ name: 'started' }));
