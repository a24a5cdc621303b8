'use strict';

// A worker of either peer. All listen; the first one publishes when it is told to, with so many values under way, as it hears itself.

const cluster = require('node:cluster');
const { performance } = require('node:perf_hooks');
const { clients } = require('./clients');

const config = JSON.parse(process.argv[2]);
const UNDER_WAY = 256;
const WARM_MS = 20;

const isPublisher = cluster.worker.id === 1;
const now = () => performance.timeOrigin + performance.now();
const tell = (fields) => process.send({ to: 'app', ...fields });

async function main() {
  const client = await clients[config.peer](config, cluster.worker.id === 2);
  const data = 'x'.repeat(config.size);
  let sent = 0;
  let received = 0;
  let isReady = false;
  let begin;
  let cpu;
  const publish = () => {
    sent += 1;
    client.publish({ number: sent, data });
  };
  client.subscribe(({ number }) => {
    if (number === 0) {
      if (!isReady) tell({ name: 'ready' });
      isReady = true;
      return;
    }
    cpu ??= process.cpuUsage();
    received += 1;
    if (received === config.count) {
      const { user, system } = process.cpuUsage(cpu);
      tell({ name: 'done', begin, end: now(), cpu: (user + system) / 1000 });
    } else if (isPublisher && sent < config.count) {
      publish();
    }
  });
  if (!isPublisher) return;
  // Until everybody has heard it once.
  const warm = setInterval(() => client.publish({ number: 0, data }), WARM_MS);
  process.once('message', () => {
    clearInterval(warm);
    cpu = process.cpuUsage();
    begin = now();
    for (let i = 0; i < UNDER_WAY; i += 1) publish();
  });
}

main();
