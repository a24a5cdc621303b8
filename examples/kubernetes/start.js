'use strict';
// A cluster in a pod: probes ask the app process at a port of its own; after SIGTERM it serves on until no traffic comes.
// Run it in this folder: NODE_ENV=production node start.js (in Kubernetes: see deployment.yaml)

const http = require('node:http');
const { startCluster } = require('@yunflyjs/cluster-native');

const healthPort = process.env.HEALTH_PORT ?? 9000;

startCluster({ exec: './app.js', count: 'auto', shutdownDelay: 5000, killTimeout: 25_000 }).then((cluster) => {
  // It listens only now: the pod is ready when all workers are.
  const health = http.createServer((request, response) => {
    response.statusCode = cluster.stats().workers.listening > 0 ? 200 : 503;
    response.end();
  });
  health.listen(healthPort, () => {
    console.log(
      `${cluster.workers.size} workers answer at http://localhost:${process.env.PORT ?? 3000}, probes at port ${healthPort}`,
    );
  });
});
