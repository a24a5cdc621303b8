'use strict';

// A primary of node:cluster, the same with and without register. `forks`: it forks so many workers one after the other, and tells how long
// each took from fork() until it listened. Else it measures messages of `size` bytes: one worker sends `count` of them, then gets as many.

const cluster = require('node:cluster');
const { once } = require('node:events');
const path = require('node:path');
const { performance } = require('node:perf_hooks');
const { sendAll } = require('./send-all');

const { forks, count, size } = JSON.parse(process.argv[2]);

cluster.setupPrimary({ exec: path.join(__dirname, 'worker.js'), args: [JSON.stringify({ count, size })] });

async function timesOfForks() {
  const times = [];
  for (let i = 0; i < forks; i += 1) {
    const begin = performance.now();
    const worker = cluster.fork();
    await once(worker, 'listening');
    times.push(performance.now() - begin);
    worker.process.kill('SIGKILL');
    await once(worker, 'exit');
  }
  return { times };
}

/** The time of what the worker sends counts from its first message on; of what it gets, until it says that it has the last. */
async function ratesOfMessages() {
  const worker = cluster.fork();
  await once(worker, 'listening');
  const cpu = process.cpuUsage();
  let received = 0;
  let begin;
  worker.send('go');
  await new Promise((resolve) => {
    worker.on('message', () => {
      begin ??= performance.now();
      received += 1;
      if (received === count) resolve();
    });
  });
  const up = count / (performance.now() - begin);
  begin = performance.now();
  sendAll((message, sent) => worker.send(message, sent), count, size);
  await once(worker, 'message');
  const down = count / (performance.now() - begin);
  const { user, system } = process.cpuUsage(cpu);
  worker.process.kill('SIGKILL');
  await once(worker, 'exit');
  return { up, down, cpu: (user + system) / 1000 / (2 * count) };
}

(forks ? timesOfForks() : ratesOfMessages()).then((measured) => console.log(JSON.stringify(measured)));
