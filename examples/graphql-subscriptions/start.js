'use strict';
// GraphQL subscriptions in several processes: what one worker is told reaches the subscribers of all, and a reload moves them.
// Run it in this folder: NODE_ENV=production node start.js

const { startCluster } = require('@yunflyjs/cluster-native');

startCluster({ exec: './app.js', count: 2 }).then((cluster) => {
  console.log(`${cluster.workers.size} workers answer at http://localhost:${process.env.PORT ?? 3000}/graphql`);
});
