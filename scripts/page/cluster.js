'use strict';
// A cluster with the page, and what happens to it: for the check of the page, and for its picture.

const http = require('node:http');
const path = require('node:path');
const { createCluster } = require('../..');

const fixtures = path.join(__dirname, '../../__test__/fixtures');

async function startWatched(config = {}) {
  const common = { exec: path.join(fixtures, 'workers/http.js'), alone: path.join(fixtures, 'alone/service.js') };
  const quiet = { output: 'pipe', logger: { error() {}, warn() {}, info() {}, debug() {} } };
  const cluster = createCluster({ ...common, ...quiet, count: 2, mode: 'production', admin: 0, ...config });
  cluster.on('output', () => {});
  await cluster.start();
  return cluster;
}

/** The worker of a slot throws. */
function crash(cluster, slot, message) {
  for (const worker of cluster.workers.values()) {
    if (worker.slot === slot)
      cluster.sendmessage({ to: 'worker', worker_pid: worker.pid, action: 'control', order: 'throw', message });
  }
}

function request(port, url = '/') {
  return new Promise((resolve, reject) => {
    http.get({ port, path: url }, (response) => response.resume().on('end', resolve)).on('error', reject);
  });
}

/** Where its workers listen. */
function portOf(cluster) {
  const [{ address }] = cluster.stats().listeners;
  return Number(address.split(':').at(-1));
}

module.exports = { crash, portOf, request, startWatched };
