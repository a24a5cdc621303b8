'use strict';

// This project: the master is a thread of this process.

const path = require('node:path');
const { createCluster } = require('../../..');
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
cluster.on('undeliverable', (_message, reason) => {
  undeliverable[reason] = (undeliverable[reason] ?? 0) + 1;
});

function end() {
  cluster.close({ force: true }).then(() => process.exit(0));
}

cluster.start().then(() => takeOrders('app', { undeliverable: () => undeliverable }, end));
