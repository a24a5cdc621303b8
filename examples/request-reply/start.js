'use strict';
// Questions and answers between processes: workers ask the alone, the app asks all workers. Errors come back as well.
// Run it in this folder: NODE_ENV=production node start.js

const { startCluster } = require('@yunflyjs/cluster-native');

startCluster({ exec: './app.js', alone: './alone', count: 2 }).then(async (cluster) => {
  const { answers } = await cluster.request({ to: 'worker', type: 'all', action: 'memory' });
  for (const [pid, bytes] of answers) console.log(`worker ${pid} has ${Math.round(bytes / 1024 ** 2)} MiB`);
  console.log(`${cluster.workers.size} workers answer at http://localhost:${process.env.PORT ?? 3000}`);
});
