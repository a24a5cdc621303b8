'use strict';
// socket.io in several processes: a client stays with its worker (long polling works), and rooms reach over all workers.
// Run it in this folder: NODE_ENV=production node start.js

const { setupPrimary } = require('@socket.io/cluster-adapter');
const { startCluster } = require('@yunflyjs/cluster-native');

// Passes what workers tell each other. It is written for node:cluster, and works unchanged.
setupPrimary();

// Behind a proxy all clients have its address: let the proxy keep them with a cookie, or allow transports: ['websocket'] only.
startCluster({ exec: './app.js', count: 2, balance: 'sticky', serialization: 'advanced' }).then((cluster) => {
  console.log(`${cluster.workers.size} workers answer at http://localhost:${process.env.PORT ?? 3000}`);
});
