'use strict';

// A cluster with an admin address. Tells its port; once a line comes in, its JavaScript spins until the file of that name is there.

const fs = require('node:fs');
const path = require('node:path');
const readline = require('node:readline');
const { startCluster } = require('../..');

const tell = (facts) => fs.writeSync(1, `${JSON.stringify(facts)}\n`);

readline.createInterface({ input: process.stdin }).on('line', (file) => {
  tell({ blocked: true });
  while (!fs.existsSync(file));
});

startCluster({
  exec: path.join(__dirname, 'worker.js'),
  count: Number(process.argv[2]),
  mode: 'production',
  alone: false,
  admin: 0,
}).then(({ adminAddress: { port } }) => tell({ port }));
