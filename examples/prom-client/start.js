'use strict';
// Prometheus metrics at a port of the app process: the workers' summed up, and the cluster's own.
// Run it in this folder: NODE_ENV=production node start.js

const http = require('node:http');
const { AggregatorRegistry, Gauge, register } = require('prom-client');
const { startCluster } = require('@yunflyjs/cluster-native');

const metricsPort = process.env.METRICS_PORT ?? 9100;
const workers = new AggregatorRegistry();

startCluster({ exec: './app.js', count: 2 }).then((cluster) => {
  new Gauge({
    name: 'cluster_workers',
    help: 'Workers by state',
    labelNames: ['state'],
    collect() {
      for (const [state, count] of Object.entries(cluster.stats().workers)) this.set({ state }, count);
    },
  });
  const metrics = http.createServer(async (request, response) => {
    try {
      const text = `${await workers.clusterMetrics()}\n${await register.metrics()}`;
      response.setHeader('content-type', register.contentType);
      response.end(text);
    } catch (error) {
      // A worker did not answer within 5 s: it is busy, or has ended. Uncaught, this would end the app with all its workers.
      console.error(error);
      response.writeHead(503).end();
    }
  });
  metrics.listen(metricsPort, () => {
    console.log(
      `${cluster.workers.size} workers answer at http://localhost:${process.env.PORT ?? 3000}, metrics at port ${metricsPort}`,
    );
  });
});
