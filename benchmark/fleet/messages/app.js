'use strict';
// One host: argv[2] is its `fleet`, and `count`, its workers. What comes by its standard input goes to its workers, or with `first` to the first
// of them, and what they say to its standard output.

const path = require('node:path');
const readline = require('node:readline');
const { createCluster } = require('../../..');

const tell = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);

const { count, ...fleet } = JSON.parse(process.argv[2]);
const cluster = createCluster({
  exec: path.join(__dirname, 'worker.js'),
  count,
  mode: 'production',
  logger: { error: console.error, warn: console.error, info() {}, debug() {} },
  // By itself it is compared with.
  ...(count === 1 && { fleet }),
});
cluster.on('message', (_from, message) => tell(message));
cluster.on('hostJoin', () => tell({ name: 'member', members: cluster.fleet.members().length }));
cluster.on('fleetMissed', ({ host, count }) => tell({ name: 'missed', host, count }));
cluster.start().then(() => {
  const workers = [...cluster.workers.values()];
  readline.createInterface({ input: process.stdin }).on('line', (line) => {
    const message = JSON.parse(line);
    for (const worker of message.first ? workers.slice(0, 1) : workers) worker.send(message);
  });
  tell({ name: 'started', pid: workers[0].pid });
});
