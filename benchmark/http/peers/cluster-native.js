'use strict';

// This project. `balance` is its policy.

const path = require('node:path');
const { createCluster } = require('../../lib/package');
const { config, tell } = require('../../lib/tell');

const cluster = createCluster({
  exec: config.app ?? path.join(__dirname, '../app/server.js'),
  alone: false,
  count: config.workers,
  balance: config.balance,
  mode: 'production',
  title: 'benchmark',
});
cluster.on('listening', ({ pid }) => tell('listening', pid));
cluster.on('exit', ({ pid }) => tell('exit', pid));
cluster.start().then(
  () => tell('ready'),
  (error) => {
    console.error(error);
    process.exit(1);
  },
);
