'use strict';

// One run: starts the workers of a peer, lets the first of them publish, and writes what was measured as JSON.

const cluster = require('node:cluster');
const { once } = require('node:events');
const net = require('node:net');
const path = require('node:path');

const config = JSON.parse(process.argv[2]);
const WORKER = path.join(__dirname, 'worker.js');

/** Each gives its workers, and what ends them. */
const start = {
  async 'cluster-native'(tell) {
    const { createCluster } = require('../..');
    const args = [JSON.stringify(config)];
    const options = { exec: WORKER, args, count: config.workers, mode: 'production', ready: 'online', alone: false };
    const master = createCluster({ ...options, title: 'bench-topics' });
    master.on('message', tell);
    await master.start();
    return { workers: [...master.workers.values()], end: () => master.close({ force: true }) };
  },
  async 'cluster-client'(tell) {
    const server = net.createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address();
    server.close();
    await once(server, 'close');
    cluster.setupPrimary({ exec: WORKER, args: [JSON.stringify({ ...config, port })], silent: true });
    cluster.on('message', tell);
    const workers = Array.from({ length: config.workers }, () => cluster.fork());
    return { workers, end: () => workers.forEach((worker) => worker.process.kill('SIGKILL')) };
  },
};

async function main() {
  const told = { ready: [], done: [] };
  let heard = () => {};
  const tell = (_worker, { name, ...fields }) => {
    told[name]?.push(fields);
    heard();
  };
  const all = (name) =>
    new Promise((resolve) => {
      heard = () => told[name].length === config.workers && resolve();
      heard();
    });
  const { workers, end } = await start[config.peer](tell);
  await all('ready');
  const cpuBefore = process.cpuUsage();
  workers[0].send('go');
  await all('done');
  const cpu = process.cpuUsage(cpuBefore);
  await end();
  const begin = told.done.find((each) => each.begin !== undefined).begin;
  const last = Math.max(...told.done.map((each) => each.end));
  const used = told.done.reduce((total, each) => total + each.cpu, (cpu.user + cpu.system) / 1000);
  console.log(JSON.stringify({ rate: config.count / ((last - begin) / 1000), cpu: used / config.count }));
  process.exit(0);
}

main();
