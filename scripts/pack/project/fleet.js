'use strict';
// The fleet's engine is found, and runs: it tells that these are no credentials.

const assert = require('node:assert');
const { createCluster } = require('@yunflyjs/cluster-native');

async function main() {
  const fleet = { url: 'nats://127.0.0.1:1', credentials: { file: './package.json' } };
  const config = {
    exec: './worker.js',
    alone: './worker.js',
    count: 1,
    mode: 'production',
    handleSignals: false,
    fleet,
  };
  await assert.rejects(createCluster(config).start(), { code: 'ERR_FLEET_CREDENTIALS' });
  console.log('closed');
  // The cluster has failed, as it should; the app has not.
  process.once('exit', () => (process.exitCode = 0));
}

main();
