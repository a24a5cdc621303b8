'use strict';
// One host of the fleet: argv[2] is its configuration. Tells when it got the alone, and when its alone had ended.

const path = require('node:path');
const { createCluster } = require('../..');

const tell = (name, value) =>
  process.stdout.write(`${JSON.stringify({ name, at: Number(process.hrtime.bigint()) / 1e6, ...value })}\n`);

const cluster = createCluster({
  exec: path.join(__dirname, 'worker.js'),
  alone: path.join(__dirname, 'alone.js'),
  count: 1,
  mode: 'production',
  logger: { error() {}, warn() {}, info() {}, debug() {} },
  fleet: JSON.parse(process.argv[2]),
});
cluster.on('aloneAcquired', ({ token }) => tell('acquired', { token }));
cluster.on('aloneLost', ({ reason }) => tell('lost', { reason }));
cluster.on('aloneExit', () => tell('ended'));
cluster.start().then(() => tell('started'));
