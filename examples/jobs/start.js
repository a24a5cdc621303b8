'use strict';
// Jobs: the alone decides when one is due, and gives it to one worker, which has your business code.
// Run it in this folder: NODE_ENV=production node start.js

const { startCluster } = require('@yunflyjs/cluster-native');

startCluster({ exec: './app.js', alone: './alone', count: 2 }).then((cluster) => {
  console.log(`${cluster.workers.size} workers answer at http://localhost:${process.env.PORT ?? 3000}`);
});
