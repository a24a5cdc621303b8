'use strict';
// One host: argv[2] is its `fleet`. What comes by its standard input goes to its worker, and what the worker says to its standard output.

const path = require('node:path');
const readline = require('node:readline');
const { createCluster } = require('../../..');

const tell = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);

const cluster = createCluster({
  exec: path.join(__dirname, 'worker.js'),
  count: 1,
  mode: 'production',
  logger: { error: console.error, warn: console.error, info() {}, debug() {} },
  fleet: JSON.parse(process.argv[2]),
});
cluster.on('message', (_from, message) => tell(message));
cluster.on('fleetMissed', ({ host, count }) => tell({ name: 'missed', host, count }));
cluster.start().then(() => {
  const [worker] = cluster.workers;
  readline.createInterface({ input: process.stdin }).on('line', (line) => worker.send(JSON.parse(line)));
  tell({ name: 'started', pid: worker.pid });
});
