'use strict';
// Starts a cluster with the package as it was installed, asks it, and closes it.

const assert = require('node:assert');
const http = require('node:http');
const { once } = require('node:events');

async function answer(port) {
  const request = http.get({ port, agent: false });
  const [response] = await once(request, 'response');
  let text = '';
  for await (const chunk of response.setEncoding('utf8')) text += chunk;
  return text;
}

async function run({ createCluster }) {
  const cluster = createCluster({ exec: './worker.js', alone: false, count: 2, mode: 'production' });
  const listening = once(cluster, 'listening');
  await cluster.start();
  const [, { port }] = await listening;
  assert.strictEqual(await answer(port), 'from a worker');
  await cluster.close();
  console.log('closed');
}

/** `cluster`: Node's own, with register. */
async function fork(cluster) {
  cluster.setupPrimary({ exec: './worker.js' });
  const worker = cluster.fork();
  const [{ port }] = await once(worker, 'listening');
  assert.strictEqual(await answer(port), 'from a worker');
  assert.ok(cluster[Symbol.for('yunfly.cluster.registered')]);
  cluster.disconnect();
  await once(worker, 'exit');
  console.log('closed');
}

/** `startCluster`: as yunfly's framework calls it. */
async function start(startCluster) {
  process.env.YUNFLY_LOG = 'error';
  const port = await freePort();
  const options = { exec: './worker', count: 2, mode: 'production', port, args: [String(port)], handleSignals: false };
  const master = startCluster(options);
  await new Promise((resolve) => master.ready(resolve));
  assert.strictEqual(await answer(port), 'from a worker');
  master.closeApp();
  await once(master.cluster, 'close');
  console.log('closed');
}

async function freePort() {
  const server = http.createServer().listen(0);
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

module.exports = { run, fork, start };
