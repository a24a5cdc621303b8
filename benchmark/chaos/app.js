'use strict';

// The app under chaos: a production cluster. It tells the harness what happens and passes orders on to its workers.

const path = require('node:path');
const { createCluster } = require('../..');

const cluster = createCluster({
  ...JSON.parse(process.argv[2]),
  exec: path.join(__dirname, 'worker.js'),
  alone: path.join(__dirname, 'alone.js'),
  mode: 'production',
});

const describe = ({ pid, id, slot, exitReason }) => ({ pid, id, slot, exitReason });
const tell = (name, child, details) => process.send({ name, child: child && describe(child), ...details });

for (const name of ['fork', 'exit', 'aloneReady', 'aloneExit']) cluster.on(name, (child) => tell(name, child));
cluster.on('listening', (worker, { port }) => tell('listening', worker, { port }));
cluster.on('hang', (worker, { state }) => tell('hang', worker, { state }));
cluster.on('exception', ({ message }) => tell('exception', null, { message }));

process.on('message', ({ pid, order }) => {
  // It may be gone meanwhile; its `exit` is on its way then.
  for (const worker of cluster.workers.values()) if (worker.pid === pid) worker.send({ order });
});
// The harness is gone: nothing may stay.
process.on('disconnect', () => cluster.close({ force: true }));

cluster.start().then(
  () => tell('started'),
  (error) => {
    console.error(error);
    process.exit(1);
  },
);
