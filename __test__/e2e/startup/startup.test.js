'use strict';

const { test } = require('../support/at-once');
const { launch, start, fixture } = require('../support/cluster');
const { script } = require('../support/files');

const reporting = JSON.stringify(fixture('report.js'));

test('alone first, then the workers, then ready', async () => {
  const alone = script(`
    const report = require(${reporting});
    module.exports = () => new Promise((resolve) => setTimeout(() => { report('aloneDone'); resolve(); }, 300));
  `);
  const exec = script(`
    require(${reporting})('workerLoaded');
    require('node:http').createServer().listen(0);
  `);
  const app = await start({ alone, exec, count: 3 });

  const names = app.eventNames();
  const position = (name) => names.indexOf(name);
  const count = (name) => names.filter((candidate) => candidate === name).length;
  expect(position('aloneReady')).toBeGreaterThanOrEqual(0);
  expect(position('aloneReady')).toBeLessThan(position('fork'));
  expect(position('fork')).toBeLessThan(position('online'));
  expect(position('online')).toBeLessThan(position('listening'));
  expect(names.lastIndexOf('listening')).toBeLessThan(position('ready'));
  expect(position('ready')).toBeLessThan(position('started'));
  expect([count('fork'), count('online'), count('listening'), count('ready')]).toEqual([3, 3, 3, 1]);
  // What the processes themselves say agrees: one stream, so its order is real.
  await app.reported('workerLoaded', 3);
  const reports = app.events('report').map(([report]) => report.kind);
  expect(reports).toEqual(['aloneDone', 'workerLoaded', 'workerLoaded', 'workerLoaded']);
});

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
