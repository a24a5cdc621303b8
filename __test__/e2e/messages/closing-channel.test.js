'use strict';
// A worker closes its channel while a receiver is behind: what it sent before arrives, as soon as the receiver takes it.

const { start, fixture } = require('../support/cluster');

const config = { exec: fixture('workers/disconnecting.js'), alone: fixture('alone/told.js'), count: 1 };

/** The worker has sent as many messages as `total` to an alone that stands still, and has closed its channel. */
async function closed(total, how) {
  const app = await start(config);
  const [worker] = await app.workers();
  const alone = await app.call('alone');
  process.kill(alone.pid, 'SIGSTOP');
  await app.call('sendmessage', { to: 'worker', action: 'tell', total, how });
  await app.report('told all', ({ pid }) => pid === worker.pid);
  return { app, alone, worker };
}

test.each([
  ['process', 300],
  ['worker', 300],
  // More than the master takes before it reads the worker no more.
  ['process', 2000],
])('%s.disconnect() behind %i messages', async (how, total) => {
  const { app, alone, worker } = await closed(total, how);
  process.kill(alone.pid, 'SIGCONT');
  const told = await app.report('told');
  expect(told).toMatchObject({ from: worker.pid, isWhole: true });
  const [, code] = await app.event('exit', ({ pid }) => pid === worker.pid);
  expect(code).toBe(0);
  expect(app.events('undeliverable')).toEqual([]);
});

test('the app is killed meanwhile: what is lost is told, and nothing is thrown', async () => {
  const { app, worker } = await closed(2000, 'process');
  app.kill('SIGKILL');
  const { lost, code } = await app.report('closed', ({ pid }) => pid === worker.pid);
  expect([lost, code]).toEqual([expect.stringContaining('message(s)'), 0]);
});
