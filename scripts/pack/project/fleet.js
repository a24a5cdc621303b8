'use strict';
// The fleet's engine is found, and runs: it tells that these are no credentials.

const assert = require('node:assert');
const { startCluster } = require('@yunflyjs/cluster-native');

async function main() {
  const fleet = { url: 'nats://127.0.0.1:1', credentials: { file: './package.json' } };
  // Else the app would end with the cluster.
  const config = {
    exec: './worker.js',
    alone: './worker.js',
    count: 1,
    mode: 'production',
    handleSignals: false,
    fleet,
  };
  const started = startCluster(config);
  await assert.rejects(started, { code: 'ERR_FLEET_CREDENTIALS' });
  console.log('closed');
}

main();
