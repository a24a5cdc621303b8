'use strict';
// The fleet's engine is found, and runs: it tells that these are no credentials.

const assert = require('node:assert');
const { createCluster } = require('@yunflyjs/cluster-native');

const quiet = () => {};

async function main() {
  const cluster = createCluster({
    exec: './worker.js',
    alone: './worker.js',
    count: 1,
    mode: 'production',
    handleSignals: false,
    logger: { error: quiet, warn: quiet, info: quiet, debug: quiet },
    fleet: { url: 'nats://127.0.0.1:1', credentials: { file: './package.json' } },
  });
  await assert.rejects(cluster.start(), { code: 'ERR_FLEET_CREDENTIALS' });
  process.once('exit', () => {
    // The cluster has failed, as it should; the app has not.
    process.exitCode = 0;
    console.log('closed');
  });
}

main();
