'use strict';
// 10,000 messages of 0 to 8 MiB in each direction: once each, whole, and in order for each sender.

const { start, fixture } = require('../support/cluster');

const config = { count: 2, exec: fixture('workers/volume.js'), alone: fixture('alone/volume.js') };
const TOTAL = 10_000;

const toAlone = { to: 'alone' };
const toAll = { to: 'worker', type: 'all' };

async function expecting(app, target, receivers, senders, total) {
  await app.call('sendmessage', { ...target, action: 'expect', senders, total });
  await app.reported('expecting', receivers);
}

test('both workers to the alone', async () => {
  const app = await start(config);
  await expecting(app, toAlone, 1, 2, TOTAL / 2);
  await app.call('sendmessage', { ...toAll, action: 'send', total: TOTAL / 2, target: toAlone });
  const { counts, faults } = await app.report('received');
  expect(faults).toEqual([]);
  expect(counts).toEqual({ 'worker 0': TOTAL / 2, 'worker 1': TOTAL / 2 });
});

test('the alone to one worker', async () => {
  const app = await start(config);
  const [worker] = await app.workers();
  const target = { to: 'worker', worker_pid: worker.pid };
  await expecting(app, target, 1, 1, TOTAL);
  await app.call('sendmessage', { ...toAlone, action: 'send', total: TOTAL, target });
  const { pid, counts, faults } = await app.report('received');
  expect([pid, faults]).toEqual([worker.pid, []]);
  expect(counts).toEqual({ alone: TOTAL });
});

test('the alone to all workers', async () => {
  const app = await start(config);
  await expecting(app, toAll, 2, 1, TOTAL);
  await app.call('sendmessage', { ...toAlone, action: 'send', total: TOTAL, target: toAll });
  for (const { counts, faults } of await app.reported('received', 2)) {
    expect(faults).toEqual([]);
    expect(counts).toEqual({ alone: TOTAL });
  }
});

test('one worker to the other, both ways at once', async () => {
  const app = await start(config);
  const [first, second] = await app.workers();
  const to = ({ pid }) => ({ to: 'worker', worker_pid: pid });
  await expecting(app, toAll, 2, 1, TOTAL);
  await app.call('sendmessage', { ...to(first), action: 'send', total: TOTAL, target: to(second) });
  await app.call('sendmessage', { ...to(second), action: 'send', total: TOTAL, target: to(first) });
  const results = await app.reported('received', 2);
  expect(results.flatMap(({ faults }) => faults)).toEqual([]);
});

test.each([
  ['the app to the alone', () => toAlone],
  ['the app to one worker', ([worker]) => ({ to: 'worker', worker_pid: worker.pid })],
])('%s', async (_name, choose) => {
  const app = await start(config);
  const target = choose(await app.workers());
  await expecting(app, target, 1, 1, TOTAL);
  await app.call('sendSized', TOTAL, target);
  const { counts, faults } = await app.report('received');
  expect(faults).toEqual([]);
  expect(counts).toEqual({ app: TOTAL });
});

test('both workers to the app', async () => {
  const app = await start(config);
  await app.call('expectSized', 2, TOTAL / 2);
  await app.call('sendmessage', { ...toAll, action: 'send', total: TOTAL / 2, target: { to: 'app' } });
  const [{ counts, faults }] = await app.event('received');
  expect(faults).toEqual([]);
  expect(counts).toEqual({ 'worker 0': TOTAL / 2, 'worker 1': TOTAL / 2 });
});
