'use strict';

const { test } = require('../support/at-once');
const { launch, start, fixture } = require('../support/cluster');
const { script } = require('../support/files');

const reporting = JSON.stringify(fixture('report.js'));

test('each worker is a node:cluster worker with an id and slot of its own', async () => {
  const exec = script(`
    const cluster = require('node:cluster');
    const { isWorker, isPrimary, worker } = cluster;
    require(${reporting})('identity', { isWorker, isPrimary, id: worker.id, instance: process.env.NODE_APP_INSTANCE });
    require('node:http').createServer().listen(0);
  `);
  const app = await start({ exec, count: 3 });
  const told = (await app.reported('identity', 3)).sort((a, b) => a.id - b.id);
  expect(told.map(({ isWorker, isPrimary }) => [isWorker, isPrimary])).toEqual(Array(3).fill([true, false]));
  const workers = (await app.workers()).sort((a, b) => a.id - b.id);
  expect(workers.map(({ id, pid }) => [id, pid])).toEqual(told.map(({ id, pid }) => [id, pid]));
  expect(workers.map(({ slot }) => slot).sort()).toEqual([1, 2, 3]);
  expect(workers.map(({ slot }) => String(slot - 1))).toEqual(told.map(({ instance }) => instance));
});

test('startCluster resolves with the ready cluster and calls back', async () => {
  const app = await start({ count: 2 }, { api: 'startCluster' });
  expect(app.events('callback')).toEqual([[2]]);
  expect(app.events('started')).toEqual([[2]]);
  await expect(app.call('ready')).resolves.toBeNull(); // later too
});

test('createCluster starts nothing until start()', async () => {
  const app = launch({ count: 2 }, { api: 'createCluster' });
  await expect(app.workers()).resolves.toEqual([]);
  expect(app.processes()).toHaveLength(1);
  await app.call('start');
  expect(app.events('fork')).toHaveLength(2);
  expect(app.processes()).toHaveLength(3);
});

test.each([
  ['online', `setInterval(() => {}, 1000);`],
  ['message', `setTimeout(() => process.send('ready'), 100); setInterval(() => {}, 1000);`],
])('workers that never listen are ready by %s', async (ready, source) => {
  const app = await start({ ready, exec: script(source), count: 2 });
  expect(app.events('listening')).toEqual([]);
  expect(app.events('ready')).toHaveLength(1);
  expect(app.events('message')).toEqual([]); // 'ready' itself is not handed on
});

test('a server that is not shared (exclusive) makes its worker ready too', async () => {
  const exec = script(`require('node:net').createServer().listen({ port: 0, exclusive: true });`);
  const app = await start({ exec, count: 2 });
  expect(app.events('ready')).toHaveLength(1);
});
