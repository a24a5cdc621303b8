'use strict';
// OpenTelemetry traces: a worker that ends exports the spans that still wait for their batch.
// Run it in this folder: NODE_ENV=production node start.js

const { startCluster } = require('@yunflyjs/cluster-native');

// Tracing is set up before anything else is loaded in a worker.
startCluster({ exec: './app.js', execArgv: ['--require', './tracing.js'], count: 2 }).then((cluster) => {
  console.log(`${cluster.workers.size} workers answer at http://localhost:${process.env.PORT ?? 3000}`);
});
