'use strict';
// A NestJS app in several processes. Its shutdown hooks run when a worker ends, after the last request.
// Run it in this folder: NODE_ENV=production node start.js

const { startCluster } = require('@yunflyjs/cluster-native');

startCluster({
  exec: './main.ts',
  // Node strips types, but not decorators. After `nest build` it is exec: './dist/main.js', and needs no loader.
  execArgv: ['--require', '@swc-node/register'],
  count: 2,
}).then((cluster) => {
  console.log(`${cluster.workers.size} workers answer at http://localhost:${process.env.PORT ?? 3000}`);
});
