'use strict';
// Messages to all workers while one of them takes nothing: the others get everything, and what it misses is told.

const { execFileSync } = require('node:child_process');
const { start, fixture } = require('../support/cluster');
const { until } = require('../support/until');

const config = { count: 3, exec: fixture('workers/volume.js'), alone: fixture('alone/volume.js') };
const TOTAL = 10_000;

const toAlone = { to: 'alone' };
const toAll = { to: 'worker', type: 'all' };

test('a stopped worker holds nobody up; what it missed is counted, shown, and it goes on', async () => {
  const app = await start(config);
  const [stopped, ...others] = await app.workers();
  await app.call('sendmessage', { ...toAll, action: 'expect', senders: 1, total: TOTAL });
  await app.reported('expecting', 3);
  process.kill(stopped.pid, 'SIGSTOP');
  await app.call('sendmessage', { ...toAlone, action: 'send', total: TOTAL, target: toAll });
  const results = await app.reported('received', 2);
  expect(results.map(({ pid }) => pid).sort()).toEqual(others.map(({ pid }) => pid).sort());
  for (const { counts, faults } of results) expect([counts, faults]).toEqual([{ alone: TOTAL }, []]);

  const [, message, reason] = await app.event('undeliverable');
  expect([message.action, reason]).toEqual(['sized', 'stalled']);

  process.kill(stopped.pid, 'SIGCONT');
  const [worker, missed] = await app.event('missed');
  expect(worker.pid).toBe(stopped.pid);
  expect(missed.messages).toBeGreaterThan(0);
  expect(missed.messages).toBeLessThan(TOTAL);
  expect(missed.bytes).toBeGreaterThan(0);
  // What it had been sent before comes first, then this.
  await app.call('sendmessage', { to: 'worker', worker_pid: stopped.pid, action: 'expect', senders: 1, total: 1 });
  await app.report('expecting', ({ pid }) => pid === stopped.pid && app.reports('expecting').length === 4);
});

test('what a stopped worker misses is told, however large the first of it is', async () => {
  const app = await start(config);
  const [stopped] = await app.workers();
  process.kill(stopped.pid, 'SIGSTOP');
  await until(() => execFileSync('ps', ['-o', 'stat=', '-p', stopped.pid], { encoding: 'utf8' }).startsWith('T'));
  // The first is taken, as nothing waits yet; the second too, if the system still took some of the first.
  for (const seq of [0, 1, 2]) {
    await app.call('sendmessage', { ...toAll, action: 'nothing', seq, payload: 'x'.repeat(8 * 2 ** 20) });
  }
  const [, message, reason] = await app.event('undeliverable');
  expect([message.action, reason]).toEqual(['nothing', 'stalled']);
  process.kill(stopped.pid, 'SIGCONT');
  const [, missed] = await app.event('missed');
  expect(missed.messages).toBeGreaterThan(0);
  // The app need not hold back any more.
  await until(() => app.call('sendmessage', { ...toAll, action: 'nothing' }));
});

test('messages to any worker go to those that keep up', async () => {
  const app = await start(config);
  const [stopped] = await app.workers();
  const ofStopped = async () => (await app.call('stats')).children.find(({ pid }) => pid === stopped.pid);
  process.kill(stopped.pid, 'SIGSTOP');
  // More than its channel holds: from here on it is behind.
  await app.call('sendmessage', { to: 'worker', worker_pid: stopped.pid, payload: 'x'.repeat(4 * 2 ** 20) });
  const before = await ofStopped();
  expect(before.queuedBytes).toBeGreaterThan(2 ** 20);
  for (let i = 0; i < 200; i++) await app.call('sendmessage', { to: 'worker', action: 'nothing' });
  expect((await ofStopped()).sent).toBe(before.sent);
  process.kill(stopped.pid, 'SIGCONT');
});
