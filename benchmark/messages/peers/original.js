'use strict';

// What the original is made of: a Node master that forks the alone with child_process and the workers with cfork, gets
// each message as an object and sends it on with `sendmessage`. The process above its master, which the original calls
// app, is left out: no message has to pass it here.

const { fork } = require('node:child_process');
const cluster = require('node:cluster');
const path = require('node:path');
const cfork = require('cfork');
const sendmessage = require('sendmessage');
const takeOrders = require('../roles/orders');

const role = (name) => path.join(__dirname, '../roles', name);
const workers = () => Object.values(cluster.workers);
const random = (list) => list[Math.floor(Math.random() * list.length)];

function receivers({ to, type, worker_pid: pid }) {
  if (to === 'alone') return [alone];
  if (to !== 'worker') return [];
  if (type === 'all') return workers();
  return [pid === undefined ? random(workers()) : workers().find((worker) => worker.process.pid === pid)];
}

function forward(message) {
  for (const receiver of receivers(message)) sendmessage(receiver, message);
}

const alone = fork(role('alone.js'));
alone.on('message', forward);
cfork.fork({ exec: role('worker.js'), count: Number(process.env.BENCH_WORKERS) });
cluster.on('message', (_worker, message) => forward(message));

takeOrders('app', { undeliverable: () => ({}) });
