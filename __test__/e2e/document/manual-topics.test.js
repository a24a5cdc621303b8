'use strict';
// Section 15 (README.md here): what the framework's manual adds about messages: topics.

const { start, fixture } = require('../support/cluster');
const { script } = require('../support/files');
const { root } = require('../support/project');
const { shared } = require('../support/shared');

const COUNT = 2;

/** Does with its client what it is told to, and reports what it hears. */
const client = (get) => `
  const report = require(${JSON.stringify(fixture('report.js'))});
  const client = require(${JSON.stringify(`${root}/yunfly`)}).${get}();
  const listeners = {};
  const listener = (key) => (listeners[key] ??= (value) => report('heard', { key, value }));
  const orders = {
    subscribe: ({ key }) => client.subscribe({ key }, listener(key)),
    once: ({ key }) => client.once({ key }, listener(key)),
    unSubscribe: ({ key }) => client.unSubscribe({ key }, listener(key)),
    publish: ({ key, value }) => client.publish({ key, value }),
    close: () => client.close(),
    leader: () => report('leader', { isLeader: client.isClusterClientLeader }),
    send: ({ message }) => process.send(message),
  };
  process.on('message', (message) => {
    if (orders[message.action]) orders[message.action](message);
    else report('got', { message });
  });`;

let app, alone, workers;

beforeAll(async () => {
  app = await shared(() =>
    start({
      count: COUNT,
      alone: script(client('getAloneClient')),
      exec: script(`${client('getWorkerClient')} require('node:http').createServer().listen(0);`),
    }),
  );
  alone = (await app.call('alone')).pid;
  workers = (await app.workers()).map(({ pid }) => pid);
});

const tellAlone = (action, details) => app.call('sendmessage', { ...details, to: 'alone', action });
const tellWorker = (pid, action, details) =>
  app.call('sendmessage', { ...details, to: 'worker', worker_pid: pid, action });
const tellWorkers = (action, details) => Promise.all(workers.map((pid) => tellWorker(pid, action, details)));

/** Who heard this value of this topic, when so many have. */
async function heard(key, value, count = 1) {
  const fits = () => app.reports('heard').filter((each) => each.key === key && each.value === value);
  await app.event('report', () => fits().length >= count);
  return fits().map(({ pid }) => pid);
}

/** What the alone has heard of a topic until now: it hears one more of the same worker, which comes after them. */
let last = 0;
async function allOf(key) {
  await tellAlone('once', { key: `last ${++last}` });
  await tellWorker(workers[0], 'publish', { key: `last ${last}`, value: true });
  await heard(`last ${last}`, true);
  return app
    .reports('heard')
    .filter((each) => each.key === key)
    .map(({ value }) => value);
}

test('15.1 There are two ways to communicate: messages through the master, and topics.', async () => {
  await tellWorker(workers[0], 'send', { message: { from: 'worker', to: 'alone', action: 'by message' } });
  await app.report('got', ({ pid, message }) => pid === alone && message.action === 'by message');
  await tellAlone('subscribe', { key: 'by topic' });
  await tellWorker(workers[0], 'publish', { key: 'by topic', value: 1 });
  expect(await heard('by topic', 1)).toEqual([alone]);
});

test('15.2 Worker to alone: the worker publishes with `getWorkerClient().publish({ key, value })`.', async () => {
  await tellAlone('subscribe', { key: 'worker-to-alone' });
  for (const pid of workers) {
    await tellWorker(pid, 'publish', { key: 'worker-to-alone', value: `from ${pid}` });
    expect(await heard('worker-to-alone', `from ${pid}`)).toEqual([alone]);
  }
});

test('15.3 Worker to alone: the alone subscribes with `getAloneClient().subscribe({ key }, listener)`.', async () => {
  await tellAlone('subscribe', { key: 'orders' });
  await tellWorker(workers[0], 'publish', { key: 'others', value: 0 });
  await tellWorker(workers[0], 'publish', { key: 'orders', value: 1 });
  expect(await allOf('orders')).toEqual([1]);
  expect(await allOf('others')).toEqual([]);
});

test('15.4 Alone to worker: the alone publishes with `getAloneClient().publish({ key, value })`.', async () => {
  await tellWorker(workers[1], 'subscribe', { key: 'alone-to-worker' });
  await tellAlone('publish', { key: 'alone-to-worker', value: 'from the alone' });
  expect(await heard('alone-to-worker', 'from the alone')).toEqual([workers[1]]);
});

test('15.5 Alone to worker: each worker that wants it subscribes with `getWorkerClient().subscribe({ key }, listener)`.', async () => {
  await tellWorkers('subscribe', { key: 'prices' });
  await tellAlone('publish', { key: 'prices', value: 42 });
  expect((await heard('prices', 42, COUNT)).sort()).toEqual([...workers].sort());
});

test('15.6 `once` subscribes to one value only.', async () => {
  await tellAlone('once', { key: 'once' });
  await tellWorker(workers[0], 'publish', { key: 'once', value: 1 });
  await heard('once', 1);
  await tellWorker(workers[0], 'publish', { key: 'once', value: 2 });
  expect(await allOf('once')).toEqual([1]);
});

test('15.7 `unSubscribe` ends a subscription.', async () => {
  await tellAlone('subscribe', { key: 'ended' });
  await tellWorker(workers[0], 'publish', { key: 'ended', value: 1 });
  await heard('ended', 1);
  await tellAlone('unSubscribe', { key: 'ended' });
  expect(await allOf('ended')).toEqual([1]);
  await tellWorker(workers[0], 'publish', { key: 'ended', value: 2 });
  expect(await allOf('ended')).toEqual([1]);
});

test('15.8 `isClusterClientLeader` says whether this process leads the others.', async () => {
  // None does: the master stands in for the leader.
  await tellAlone('leader');
  await tellWorkers('leader');
  expect((await app.reported('leader', COUNT + 1)).map(({ isLeader }) => isLeader)).toEqual([false, false, false]);
});

// Last: it ends the subscriptions of all tests before.
test('15.9 `close` ends the subscriptions of a client.', async () => {
  await tellAlone('subscribe', { key: 'closed' });
  await tellWorker(workers[0], 'publish', { key: 'closed', value: 1 });
  await heard('closed', 1);
  await tellAlone('close');
  await tellWorker(workers[0], 'publish', { key: 'closed', value: 2 });
  expect(await allOf('closed')).toEqual([1]);
});
