'use strict';
// What processes are told of each other: that the cluster is ready, which workers come and go, and whether there is an alone.

const { start, fixture } = require('../support/cluster');

const config = { count: 2, exec: fixture('workers/members.js'), alone: fixture('alone/members.js') };

/** What this process was told so far, in order: `[kind, event]`. */
const heard = (app, { pid }) =>
  app
    .events('report')
    .map(([report]) => report)
    .filter((report) => report.pid === pid && report.event)
    .map(({ kind, event }) => [kind, event]);

const present = (workers, alone) => {
  const pids = workers.map(({ pid }) => pid).sort((a, b) => a - b);
  return [
    ['ready', { workers: pids, alone: alone.pid }],
    ['workers', { pids, joined: pids, left: [] }],
    ['alone', { pid: alone.pid }],
  ];
};

test('who listens is told who is there, who leaves and who comes, and no other process is told anything', async () => {
  const app = await start(config);
  const [first, second] = await app.workers();
  const alone = await app.call('alone');
  const isOf = (child) => (report) => report.pid === child.pid;
  for (const child of [first, alone]) {
    await app.report('alone', isOf(child));
    expect(heard(app, child)).toEqual(present([first, second], alone));
  }

  await app.call('killWorker', second.id);
  const [third] = await app.event('workerReady', ({ id }) => id > second.id);
  for (const child of [first, alone]) {
    await app.report('workers', ({ pid, event }) => pid === child.pid && event.joined.includes(third.pid));
    const sorted = [first.pid, third.pid].sort((a, b) => a - b);
    expect(heard(app, child).slice(3)).toEqual([
      ['workers', { pids: [first.pid], joined: [], left: [second.pid] }],
      ['workers', { pids: expect.arrayContaining(sorted), joined: [third.pid], left: [] }],
    ]);
  }

  process.kill(alone.pid, 'SIGKILL');
  const [next] = await app.event('aloneReady', ({ pid }) => pid !== alone.pid);
  await app.report('alone', ({ pid, event }) => pid === first.pid && event.pid === next.pid);
  expect(heard(app, first).slice(5)).toEqual([
    ['alone', { pid: null }],
    ['alone', { pid: next.pid }],
  ]);
  // It began when the cluster was ready already.
  await app.report('alone', isOf(next));
  expect(heard(app, next)).toEqual(present([first, third], next));

  // One that listens late.
  expect(heard(app, third)).toEqual([]);
  await app.call('worker', third.id, 'send', { action: 'listen' });
  await app.report('alone', isOf(third));
  expect(heard(app, third)).toEqual(present([first, third], next));

  await app.call('close');
  await app.gone;
  expect(heard(app, second)).toEqual([]);
  expect(heard(app, third)).toHaveLength(3);
  expect(app.reports('message').map(({ message }) => message)).toEqual([{ action: 'listen' }]);
});
