'use strict';
// A worker: an ordinary Koa app, which would run without the cluster too.

const cluster = require('node:cluster');
const Koa = require('koa');

let tick = null;
let jobs = 0;

// What the alone's ticker sends to every worker.
process.on('message', ({ from, action, data }) => {
  if (from === 'alone' && action === 'tick') tick = data;
});

// What only one worker is to do.
cluster.worker?.on('message', ({ from, to, action, worker_pid }) => {
  if (from !== 'app' || to !== 'worker' || action !== 'random-worker' || worker_pid !== process.pid) return;
  jobs += 1;
  console.log(`worker ${process.pid} was chosen to do the job`);
});

const app = new Koa();

app.use((context) => {
  context.body = { pid: process.pid, slot: Number(process.env.NODE_APP_INSTANCE ?? 0) + 1, tick, jobs };
});

app.listen(Number(process.env.PORT ?? 3000));
