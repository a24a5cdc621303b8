'use strict';
// The installed package's bundles: they are what is loaded, no file of theirs is there a second time, and what is loaded later is the same
// code, with the same identities.

const assert = require('node:assert');
const { once } = require('node:events');
const path = require('node:path');
const { ClusterError, createCluster } = require('@yunflyjs/cluster-native');
const { loadedTwice } = require('./bundled');

const lib = path.join(path.dirname(require.resolve('@yunflyjs/cluster-native')), 'lib');

async function main() {
  const cluster = createCluster({ exec: './bundled.js', alone: false, count: 1, mode: 'production' });
  const told = once(cluster, 'message');
  await cluster.start();
  const [, { worker }] = await told;
  assert.deepStrictEqual(worker, { bundle: ['preload.cjs'], twice: [] });
  await assert.rejects(cluster.request({ to: 'worker', action: 'none' }), ClusterError);
  await assert.rejects(cluster.scale(-1), ClusterError);
  await cluster.reload();
  await cluster.close();
  assert.deepStrictEqual(loadedTwice(lib), { bundle: ['app.cjs'], twice: [] });
  console.log('closed');
}

main();
