'use strict';

// This project, of the folder that it is told. Tells in ms: how long the package took to load and a cluster to be made (`loaded`, `made`),
// when the app was ready, since its process began, and when the worker that was last listened, since its own began.

const path = require('node:path');

const { root, count } = JSON.parse(process.argv[2]);

const begun = performance.now();
const { createCluster } = require(root);
const loaded = performance.now();
const cluster = createCluster({ exec: path.join(__dirname, 'server.js'), alone: false, count, mode: 'production' });
const made = performance.now();

const listened = [];
let ready;

async function finish() {
  if (ready === undefined || listened.length < count) return;
  console.log(JSON.stringify({ loaded: loaded - begun, made: made - begun, ready, listened: Math.max(...listened) }));
  // In good order: then V8's compile cache is written.
  await cluster.close();
}

cluster.on('message', (_worker, message) => {
  listened.push(message.listened);
  finish();
});
cluster.start().then(() => {
  ready = performance.now();
  finish();
});
