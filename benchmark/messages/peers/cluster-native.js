'use strict';

// This project: the master is a thread of this process.

const path = require('node:path');
const { createCluster } = require('../../lib/package');
const takeOrders = require('../roles/orders');

const role = (name) => path.join(__dirname, '../roles', name);
const cluster = createCluster({
  exec: role('worker.js'),
  alone: role('alone.js'),
  count: Number(process.env.BENCH_WORKERS),
  title: 'bench-messages',
  mode: 'production',
});

const undeliverable = {};
// What a worker missed of messages to all is counted; only the first of them are events of their own too.
cluster.on('missed', (_worker, { messages }) => {
  undeliverable.missed = (undeliverable.missed ?? 0) + messages;
});
cluster.on('undeliverable', (_from, _message, reason) => {
  if (reason === 'stalled') return;
  undeliverable[reason] = (undeliverable[reason] ?? 0) + 1;
});

function end() {
  cluster.close({ force: true }).then(() => process.exit(0));
}

cluster.start().then(() => takeOrders('app', { undeliverable: () => undeliverable }, end));
