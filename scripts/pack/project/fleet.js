'use strict';
// The fleet's engine is found, and runs: it tells that these are no credentials.

const assert = require('node:assert');
const { startCluster } = require('@yunflyjs/cluster-native');

async function main() {
  const fleet = { url: 'nats://127.0.0.1:1', credentials: { file: './package.json' } };
  const started = startCluster({ exec: './worker.js', alone: './worker.js', count: 1, mode: 'production', fleet });
  await assert.rejects(started, { code: 'ERR_FLEET_CREDENTIALS' });
  console.log('closed');
}

main();
