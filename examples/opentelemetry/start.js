'use strict';
// OpenTelemetry: a worker that ends exports the spans that still wait for their batch; a collector scrapes the metrics of the cluster.
// Run it in this folder: NODE_ENV=production node start.js (the collector: see collector.yaml)

const { startCluster } = require('@yunflyjs/cluster-native');

startCluster({
  exec: './app.js',
  count: 2,
  // Tracing is set up before anything else is loaded in a worker.
  execArgv: ['--require', './tracing.js'],
  admin: Number(process.env.ADMIN_PORT ?? 9100),
}).then((cluster) => {
  console.log(
    `${cluster.workers.size} workers answer at http://localhost:${process.env.PORT ?? 3000}, metrics at port ${cluster.adminAddress.port}`,
  );
});
