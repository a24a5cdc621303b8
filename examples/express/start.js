'use strict';
// An Express app in several processes: a reload (kill -HUP) and the end (kill, Ctrl-C) let every request finish.
// Run it in this folder: NODE_ENV=production node start.js

const { startCluster } = require('@yunflyjs/cluster-native');

startCluster({ exec: './app.js', count: 2 }).then((cluster) => {
  console.log(`${cluster.workers.size} workers answer at http://localhost:${process.env.PORT ?? 3000}`);
});
