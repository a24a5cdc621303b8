// A worker: an ordinary Koa app. It is ready to be asked only when it knows what the alone knows.

import cluster from 'node:cluster';
import Koa from 'koa';
import { request } from '@yunflyjs/cluster-native';
import type { Settings, Tick } from './messages.ts';

const settings = await request<Settings>({ to: 'alone', action: 'settings' });

let tick: number | null = null;
let jobs = 0;

// What the alone's ticker sends to every worker.
process.on('message', (message: Tick) => {
  if (message.from === 'alone' && message.action === 'tick') tick = message.data;
});

// What only one worker is to do.
cluster.worker?.on('message', ({ from, to, action, worker_pid }) => {
  if (from !== 'app' || to !== 'worker' || action !== 'random-worker' || worker_pid !== process.pid) return;
  jobs += 1;
  console.log(`worker ${process.pid} was chosen to do the job`);
});

const app = new Koa();

app.use((context) => {
  context.body = { pid: process.pid, greeting: settings.greeting, tick, jobs };
});

app.listen(Number(process.env.PORT));
