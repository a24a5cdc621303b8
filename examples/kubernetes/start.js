'use strict';
// A cluster in a pod: probes ask the master at the admin port; after SIGTERM it serves on until no traffic comes.
// Run it in this folder: NODE_ENV=production node start.js (in Kubernetes: see deployment.yaml)

const { startCluster } = require('@yunflyjs/cluster-native');

startCluster({
  exec: './app.js',
  count: 'auto',
  shutdownDelay: 5000,
  killTimeout: 25_000,
  admin: { host: '0.0.0.0', port: Number(process.env.ADMIN_PORT ?? 9100) },
}).then((cluster) => {
  const { port } = cluster.adminAddress;
  console.log(
    `${cluster.workers.size} workers answer at http://localhost:${process.env.PORT ?? 3000}, probes at port ${port}`,
  );
});
