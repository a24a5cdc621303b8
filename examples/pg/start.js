'use strict';
// PostgreSQL: the alone prepares the tables before the workers start; a worker closes its pool after its last request.
// Run it in this folder: NODE_ENV=production DATABASE_URL=postgres://user:password@localhost/database node start.js

const { startCluster } = require('@yunflyjs/cluster-native');

startCluster({ exec: './app.js', alone: './alone', count: 2 }).then((cluster) => {
  console.log(`${cluster.workers.size} workers answer at http://localhost:${process.env.PORT ?? 3000}`);
});
