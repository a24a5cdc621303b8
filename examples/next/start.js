'use strict';
// A Next.js app in several processes: each worker is `next start`. What after() was given is done before a worker ends.
// Run it in this folder: NODE_ENV=production node start.js (before that: npx next build)

const { startCluster } = require('@yunflyjs/cluster-native');

startCluster({ exec: require.resolve('next/dist/bin/next'), args: ['start'], count: 2 }).then((cluster) => {
  console.log(`${cluster.workers.size} workers answer at http://localhost:${process.env.PORT ?? 3000}`);
});
