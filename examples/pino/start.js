'use strict';
// One log of JSON lines by pino: what the cluster does, and what the children write to stdout and stderr.
// Run it in this folder: NODE_ENV=production node start.js

const pino = require('pino');
const { createCluster } = require('@yunflyjs/cluster-native');

const logger = pino();
const cluster = createCluster({ exec: './app.js', count: 2, logger, output: 'pipe' });

// A stack comes as one text.
cluster.on('output', (child, text, stream) => {
  logger[stream === 'stderr' ? 'error' : 'info']({ child: child.pid, slot: child.slot }, text.trimEnd());
});

cluster.start().then(() => {
  logger.info(`${cluster.workers.size} workers answer at http://localhost:${process.env.PORT ?? 3000}`);
});
