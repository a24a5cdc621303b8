'use strict';
// A cluster in a container, as PID 1 of it.
// Run it in this folder: NODE_ENV=production node start.js (in a container: see the Dockerfile)

const { startCluster } = require('@yunflyjs/cluster-native');

// As many workers as the container may use CPUs. `docker stop` gives them the time that compose.yaml says.
startCluster({ exec: './app.js', count: 'auto', killTimeout: 25_000 }).then((cluster) => {
  console.log(`${cluster.workers.size} workers answer at http://localhost:${process.env.PORT ?? 3000}`);
});
