'use strict';
// A Fastify app in several processes. Its onClose hooks run when a worker ends, after the last request.
// Run it in this folder: NODE_ENV=production node start.js

const { startCluster } = require('@yunflyjs/cluster-native');

startCluster({ exec: './app.js', count: 2 }).then((cluster) => {
  console.log(`${cluster.workers.size} workers answer at http://localhost:${process.env.PORT ?? 3000}`);
});
