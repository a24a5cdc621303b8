'use strict';

// For orientation: nobody in between. This process is the parent of the workers and takes the part of the alone itself.

const { fork } = require('node:child_process');
const { EventEmitter } = require('node:events');
const path = require('node:path');
const takeOrders = require('../roles/orders');
const takePart = require('../roles/part');

const channel = new EventEmitter();
const workers = Array.from({ length: Number(process.env.BENCH_WORKERS) }, () =>
  fork(path.join(__dirname, '../roles/worker.js')).on('message', (message) => channel.emit('message', message)),
);

/** Of several: true if each wants more; `callback` when all have it. */
channel.send = (message, callback) => {
  const { worker_pid: pid } = message;
  const receivers = pid === undefined ? workers : workers.filter((worker) => worker.pid === pid);
  let missing = receivers.length;
  const sent = callback && ((err) => (missing -= 1) === 0 && callback(err));
  return receivers.map((worker) => worker.send(message, sent)).every(Boolean);
};

takePart('alone', channel);
takeOrders('app', { undeliverable: () => ({}) });
