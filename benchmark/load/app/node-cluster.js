'use strict';

// node:cluster, and the same figures as native.js tells.

const cluster = require('node:cluster');
const path = require('node:path');

const { count, policy } = JSON.parse(process.argv[2]);

cluster.schedulingPolicy = policy === 'none' ? cluster.SCHED_NONE : cluster.SCHED_RR;
cluster.setupPrimary({ exec: path.join(__dirname, 'server.js') });

const listened = [];
let listening = 0;
let ready;

function finish() {
  if (ready === undefined || listened.length < count) return;
  console.log(JSON.stringify({ ready, listened: Math.max(...listened) }));
  cluster.disconnect(() => process.exit());
}

cluster.on('message', (_worker, message) => {
  listened.push(message.listened);
  finish();
});
cluster.on('listening', () => {
  listening += 1;
  if (listening === count) ready = performance.now();
  finish();
});
for (let i = 0; i < count; i += 1) cluster.fork();
