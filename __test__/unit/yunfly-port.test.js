'use strict';
// When yunfly's app counts as open.

const { EventEmitter } = require('events');
const { Port } = require('../../lib/yunfly/port');

function clusterOf(...workers) {
  const cluster = new EventEmitter();
  cluster.workers = new Map(workers.map((worker) => [worker.id, worker]));
  return cluster;
}

const listen = (cluster, worker, port) => cluster.emit('listening', worker, { addressType: 4, port });
const later = () => new Promise((resolve) => setImmediate(resolve, 'waits'));

test('with no worker, or one that is not ready yet, it waits', async () => {
  const cluster = clusterOf();
  const port = new Port(cluster, { port: 80, enable: true });
  const open = port.open(10_000);
  expect(await Promise.race([open, later()])).toBe('waits');
  const worker = { id: 1, slot: 0 };
  cluster.workers.set(1, worker);
  cluster.workers.set(2, { id: 2, slot: null });
  cluster.emit('exit', { id: 0 });
  expect(await Promise.race([open, later()])).toBe('waits');
  listen(cluster, worker, 81);
  cluster.emit('workerReady', worker);
  expect(await Promise.race([open, later()])).toBe('waits');
  listen(cluster, worker, 80);
  expect(await open).toBe(true);
  expect(cluster.listenerCount('listening')).toBe(1);
});

test('a worker that never tells where it listens is not waited for', async () => {
  const worker = { id: 1, slot: 0 };
  const cluster = clusterOf(worker);
  const port = new Port(cluster, { port: 80 });
  cluster.emit('workerReady', worker);
  expect(await port.open(10_000)).toBe(true);
});

test('nothing is left to wait for when the cluster is closed', async () => {
  const cluster = clusterOf();
  const open = new Port(cluster, { port: 80 }).open(1);
  cluster.emit('close');
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(await Promise.race([open, later()])).toBe('waits');
});

test('patience ends', async () => {
  expect(await new Port(clusterOf(), { port: 80 }).open(1)).toBe(false);
});

test('with `enable: false` there are no workers', async () => {
  expect(await new Port(clusterOf(), { port: 80, enable: false }).open(10_000)).toBe(true);
});
