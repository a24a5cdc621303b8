'use strict';

// Short connections, each of which goes through the master, as something else grows.

const path = require('node:path');
const { freePort } = require('../../__test__/e2e/support/free-port');
const { generate } = require('../http/load/generators');
const { cpuTime } = require('../lib/proc');
const { Subject } = require('../lib/subject');
const { open } = require('./open');

const PEERS = [
  { label: 'this project', script: 'cluster-native' },
  { label: 'node:cluster', script: 'node-cluster' },
];

/** Resolves with `{ rate, master (µs of CPU of the process with the master, per connection), failed }`. */
async function connections({ script }, { workers = 4, listeners = 1, idle = 0 }, seconds) {
  const port = await freePort();
  const config = { workers, balance: 'round-robin', app: path.join(__dirname, 'server.js') };
  const env = { PORT: String(port), LISTENERS: String(listeners) };
  const subject = new Subject(path.join(__dirname, '../http/peers', `${script}.js`), config, env);
  try {
    await subject.started(120_000);
    const close = await open(port, idle);
    const measure = () => cpuTime(subject.pid);
    const { requests, failed, begin, end } = await generate('short', port, seconds * 1000, measure);
    close();
    return { rate: requests / seconds, master: ((end - begin) * 1000) / requests, failed };
  } finally {
    await subject.stop();
  }
}

module.exports = { PEERS, connections };
