'use strict';
// Section 1 of yunfly's document (README.md here): what it is.

const { start, fixture } = require('../support/cluster');
const { script } = require('../support/files');
const { firstOf } = require('../support/position');
const { shared } = require('../support/shared');

const COUNT = 5; // as in the picture

const report = JSON.stringify(fixture('report.js'));
const identity = `
  const { isWorker, isPrimary } = require('node:cluster');
  require(${report})('identity', { isWorker, isPrimary, parent: process.ppid, instance: process.env.NODE_APP_INSTANCE });
`;

let app, told, alone, workers;

beforeAll(async () => {
  app = await shared(() =>
    start({
      count: COUNT,
      alone: script(identity),
      exec: script(`${identity} require('node:http').createServer().listen(0);`),
    }),
  );
  told = await app.reported('identity', COUNT + 1);
  alone = await app.call('alone');
  workers = await app.workers();
});

test('1.1 A multi-process model is built in.', () => {
  const pids = app.processes().map(({ pid }) => pid);
  expect(new Set(pids)).toEqual(new Set([app.pid, alone.pid, ...workers.map(({ pid }) => pid)]));
  expect(pids).toHaveLength(COUNT + 2);
});

test('1.2 The model follows that of egg-cluster.', () => {
  // egg's agent: a child process that is there before the workers are. Its app workers are those of node:cluster.
  const names = app.eventNames();
  expect(firstOf(names, 'aloneReady')).toBeLessThan(firstOf(names, 'fork'));
  const [agent, ...others] = told;
  expect(agent).toMatchObject({ pid: alone.pid, isWorker: false, isPrimary: true });
  expect(others.map(({ isWorker, isPrimary }) => [isWorker, isPrimary])).toEqual(Array(COUNT).fill([true, false]));
});

test('1.3 Picture: the app has an alone beside it, and a master below it that has any number of workers.', () => {
  // The master is a thread of the app: what it forks is a child of the app, and nobody else has any.
  expect(told.map(({ parent }) => parent)).toEqual(Array(COUNT + 1).fill(app.pid));
  expect(workers.map(({ slot }) => slot).sort()).toEqual([1, 2, 3, 4, 5]);
  expect(
    told
      .slice(1)
      .map(({ instance }) => instance)
      .sort(),
  ).toEqual(['0', '1', '2', '3', '4']);
});
