'use strict';

// This project, with the benchmark's own configuration.

const { createCluster } = require('../../..');
const { config, tell } = require('../../lib/tell');
const { obey } = require('../../lib/orders');

const cluster = createCluster({ alone: false, mode: 'production', title: 'benchmark', ...config.cluster });
for (const name of ['fork', 'standby', 'listening']) cluster.on(name, ({ pid }) => tell(name, pid));
cluster.on('exit', ({ pid }, code, signal) => tell('exit', pid, { code, signal }));
cluster.on('exception', (error) => console.error(error));

obey({
  async reload(options) {
    const { ok, reason, error, replaced } = await cluster.reload(options);
    return { ok, reason, error: error?.message, cause: error?.cause?.message, replaced };
  },
  /** One that is asked for meanwhile takes the place of the one before. */
  scale: (count) =>
    cluster.scale(count).catch((error) => {
      if (error.code !== 'ERR_SCALE_SUPERSEDED') throw error;
    }),
  pids: () => ({ workers: [...cluster.workers.values()].map(({ pid }) => pid), alone: cluster.alone?.pid }),
});

cluster.start().then(
  () => tell('ready', process.pid),
  (error) => {
    console.error(error);
    process.exit(1);
  },
);
