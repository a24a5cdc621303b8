'use strict';
// Topics under pressure: in order whatever waits, nobody held up by one that takes nothing, the last words of who ends.

const fs = require('node:fs');
const path = require('node:path');
const { folder } = require('../support/files');
const { start, fixture } = require('../support/cluster');

const options = { script: fixture('topics-app.js') };
const config = { count: 3, exec: fixture('topics.js'), alone: fixture('topics.js') };
const TOPICS = ['a', 'b', 'c'];
const TOTAL = 5000;
/** More than may wait for a subscriber (8 MiB), and than its channel holds. */
const FLOOD_KIB = 24 * 1024;

let tags = 0;

async function childDoes(app, child, order, ...args) {
  const tag = ++tags;
  await app.call('sendmessage', { ...child, action: 'topics', order, args, tag });
  return (await app.report('done', (report) => report.tag === tag)).value;
}

const toAlone = { to: 'alone' };
const to = ({ pid }) => ({ to: 'worker', worker_pid: pid });

test.each(['json', 'advanced'])(
  'what each publishes by several topics comes whole, once and in order, to all (%s)',
  async (serialization) => {
    const app = await start({ ...config, serialization }, options);
    const workers = await app.workers();
    for (const worker of workers) await childDoes(app, to(worker), 'expectRun', 2, TOTAL, TOPICS);
    await app.call('expectRun', 2, TOTAL, TOPICS);
    await childDoes(app, toAlone, 'run', 'alone', TOTAL, TOPICS);
    await childDoes(app, to(workers[0]), 'run', 'worker', TOTAL, TOPICS);
    const results = await app.reported('received', 4);
    const expected = { counts: { alone: TOTAL, worker: TOTAL }, faults: [] };
    for (const { counts, faults } of results) expect({ counts, faults }).toEqual(expected);
    expect(app.events('missed')).toEqual([]);
  },
);

test('a stopped subscriber holds nobody up; what it missed is counted and shown, and it goes on', async () => {
  const app = await start(config, options);
  const [stopped, ...others] = await app.workers();
  await childDoes(app, to(stopped), 'listen', 'subscribe', 'after');
  for (const worker of [stopped, ...others]) await childDoes(app, to(worker), 'expectRun', 1, TOTAL, TOPICS);
  process.kill(stopped.pid, 'SIGSTOP');
  await childDoes(app, toAlone, 'run', 'alone', TOTAL, TOPICS);
  const results = await app.reported('received', 2);
  expect(results.map(({ pid }) => pid).sort()).toEqual(others.map(({ pid }) => pid).sort());
  for (const { counts, faults } of results) expect([counts, faults]).toEqual([{ alone: TOTAL }, []]);

  const [sender, message, reason] = await app.event('undeliverable');
  expect([sender.pid, Object.keys(message), reason]).toEqual([
    (await app.call('alone')).pid,
    ['topic', 'value'],
    'stalled',
  ]);
  expect(TOPICS).toContain(message.topic);

  process.kill(stopped.pid, 'SIGCONT');
  const [worker, missed] = await app.event('missed');
  expect(worker.pid).toBe(stopped.pid);
  expect(missed.messages).toBeGreaterThan(0);
  expect(missed.messages).toBeLessThan(TOTAL);
  await app.call('publish', 'after', 'all is well');
  await app.report('heard', ({ pid }) => pid === stopped.pid);
});

test('an app whose thread stands still holds nobody up either', async () => {
  const app = await start(config, options);
  const [one, two] = await app.workers();
  await app.call('listen', 'subscribe', 'other');
  await app.call('expectRun', 1, TOTAL, TOPICS);
  await childDoes(app, to(two), 'expectRun', 1, TOTAL, TOPICS);
  const file = path.join(folder(), 'go on');
  // The order is on its way before the app stands still.
  await childDoes(app, to(one), 'runWhen', file, 'one', TOTAL, TOPICS);
  const blocked = app.call('blockUntil', `${file}.app`);
  await app.event('blocking');
  fs.writeFileSync(file, '');
  expect(await app.report('received')).toMatchObject({ pid: two.pid, counts: { one: TOTAL }, faults: [] });
  fs.writeFileSync(`${file}.app`, '');
  await blocked;
  const [{ code, message }] = await app.event('warning');
  expect([code, message]).toEqual(['CLUSTER_TOPIC_MISSED', expect.stringMatching(/did not get [1-9]\d* published/)]);
  await childDoes(app, to(two), 'publish', 'other', 1);
  await app.report('heard', ({ pid }) => pid === app.pid);
});

test('who publishes more than is taken is told to wait, and its memory is where it waits', async () => {
  const app = await start(config, options);
  const [one, two] = await app.workers();
  await childDoes(app, to(two), 'listen', 'subscribe', 'flood', 'flood');
  const fine = await childDoes(app, to(one), 'flood', 'flood', FLOOD_KIB);
  expect(fine).toBeLessThan(FLOOD_KIB / 64);
  const mine = () => app.reports('heard').filter(({ pid }) => pid === two.pid);
  await app.event('report', () => mine().length === FLOOD_KIB / 64);
});

test('a process that ends publishes to the last', async () => {
  const app = await start({ ...config, killTimeout: 20_000 }, options);
  const [one, two] = await app.workers();
  await childDoes(app, to(two), 'listen', 'subscribe', 'last');
  await childDoes(app, to(one), 'publishAtEnd', 'last', 1000);
  await app.call('worker', one.id, 'disconnect');
  await app.event('exit', ({ pid }) => pid === one.pid);
  const heard = await app.reported('heard', 1000);
  expect(heard.map(({ value }) => Number(value))).toEqual(Array.from({ length: 1000 }, (_, n) => n));
});
