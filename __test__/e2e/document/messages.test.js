'use strict';
// Section 9 of yunfly's document (README.md here): messages between the processes.

const { start, fixture } = require('../support/cluster');
const { compiled, snippet, SENDERS, sending } = require('../support/document');
const { script } = require('../support/files');
const { shared } = require('../support/shared');

const COUNT = 3;
const RECEIVED = 'received msg from worker.msg:';

/** What the document's receivers and senders are in: it reports who it is and what it gets, and sends what it is told to. */
const around = (receiver, sender) => `
  const report = require(${JSON.stringify(fixture('report.js'))});
  const cluster = require('node:cluster');
  ${sending(sender)}
  report('identity', {
    parent: process.ppid,
    isWorker: cluster.isWorker,
    id: cluster.worker?.id,
    channel: typeof process.send,
  });
  process.on('message', (message) => {
    if (message.action === 'run the snippet') return send[message.sender]();
    if (message.action === 'send') return process.send(message.message);
    report('got', { message });
  });
  ${compiled(receiver)}
`;

let app, alone, workers;

beforeAll(async () => {
  const exec = `${around('alone-to-worker.worker', 'worker-to-alone.worker')} require('node:http').createServer().listen(0);`;
  const helper = around('worker-to-alone.alone', 'alone-to-worker.alone');
  app = await shared(() => start({ count: COUNT, exec: script(exec), alone: script(helper), output: 'inherit' }));
  alone = await app.call('alone');
  workers = await app.workers();
  await app.reported('identity', COUNT + 1);
});

const tellAlone = (message) => app.call('sendmessage', { ...message, to: 'alone' });
const tellWorker = (message) => app.call('sendmessage', { ...message, to: 'worker', worker_pid: workers[0].pid });
const aloneSends = (message) => tellAlone({ action: 'send', message });
const workerSends = (message) => tellWorker({ action: 'send', message });
/** Who got it, once this many have. */
async function got(action, count = 1) {
  const fits = () => app.reports('got').filter(({ message }) => message.action === action);
  await app.event('report', () => fits().length >= count);
  return fits();
}

/** Everything that the alone had sent before has been delivered: lanes keep their order. */
let barriers = 0;
async function delivered() {
  const action = `barrier ${(barriers += 1)}`;
  await aloneSends({ to: 'worker', type: 'all', action });
  await got(action, COUNT);
}

const identity = (pid) => app.report('identity', (each) => each.pid === pid);
const printed = () => app.output.split(RECEIVED).length - 1;

/** Has a process run its snippet with each `sendmessage` that there is; each time, one process prints that it got it. */
async function eachSender(tell, data) {
  for (const sender of Object.keys(SENDERS)) {
    const before = printed();
    await tell({ action: 'run the snippet', sender });
    await app.event('output', () => printed() > before);
    await delivered();
    expect([sender, printed()]).toEqual([sender, before + 1]);
  }
  await app.event('output', (line) => line.includes(`data: '${data}'`));
}

test('9.1 A worker is a worker as `node:cluster` forks it.', async () => {
  for (const { pid, id } of workers) expect(await identity(pid)).toMatchObject({ isWorker: true, id });
});

test('9.2 So it can communicate with the app.', async () => {
  await workerSends({ to: 'app', action: 'up' });
  const [from] = await app.event('message', (_from, { action }) => action === 'up');
  expect(from.pid).toBe(workers[0].pid);
  await app.call('worker', workers[1].id, 'send', { action: 'down' });
  expect(await got('down')).toMatchObject([{ pid: workers[1].pid }]);
});

test('9.3 The alone is a process as `child_process` forks it.', async () => {
  expect(await identity(alone.pid)).toMatchObject({ parent: app.pid, isWorker: false, channel: 'function' });
});

test('9.4 So it can communicate with the app, too.', async () => {
  await aloneSends({ to: 'app', action: 'up from the alone' });
  const [from] = await app.event('message', (_from, { action }) => action === 'up from the alone');
  expect(from.pid).toBe(alone.pid);
  await tellAlone({ action: 'down to the alone' });
  expect(await got('down to the alone')).toMatchObject([{ pid: alone.pid }]);
});

test('9.5 The processes are independent, and neither a worker nor the alone is the parent of the other.', async () => {
  for (const { pid } of [alone, ...workers]) expect((await identity(pid)).parent).toBe(app.pid);
});

test('9.6 So they cannot communicate directly.', async () => {
  // Each has one channel, and what names no receiver ends at its other end: at the app.
  await workerSends({ action: 'to nobody' });
  const [from] = await app.event('message', (_from, { action }) => action === 'to nobody');
  expect(from.pid).toBe(workers[0].pid);
  await workerSends({ to: 'alone', action: 'to the alone' });
  await got('to the alone');
  expect(app.reports('got').filter(({ message }) => message.action === 'to nobody')).toEqual([]);
});

test('9.7 To communicate, they have their messages forwarded through the app, by the following rules.', async () => {
  const counted = async () => {
    const { children } = await app.call('stats');
    return (pid) => children.find((child) => child.pid === pid);
  };
  const before = await counted();
  await workerSends({ to: 'alone', action: 'forwarded' });
  await got('forwarded');
  const after = await counted();
  const [{ pid }] = workers;
  expect(after(pid).received).toBe(before(pid).received + 1);
  expect(after(alone.pid).sent).toBe(before(alone.pid).sent + 1);
});

test("9.8 Worker to alone: the worker's code sends the message.", async () => {
  expect(snippet('worker-to-alone.worker.ts')).toContain("require('sendmessage')");
  await eachSender(tellWorker, 'from worker msg to alone process');
});

test("9.9 Worker to alone: the alone's code receives the message.", async () => {
  const told = await got('worker-to-alone', Object.keys(SENDERS).length);
  for (const { pid, message } of told) {
    expect(pid).toBe(alone.pid);
    expect(message).toEqual({
      action: 'worker-to-alone',
      from: 'worker',
      to: 'alone',
      data: 'from worker msg to alone process',
    });
  }
});

test('9.10 Worker to alone: `action` (string) is the name of the event, any that you like.', async () => {
  for (const action of ['order:paid', '订单', 'message', 'a b\n"c"']) {
    await workerSends({ from: 'worker', to: 'alone', action });
    expect(await got(action)).toMatchObject([{ pid: alone.pid, message: { action } }]);
  }
});

test('9.11 Worker to alone: `from` (string) is `worker`, which says where the message comes from.', async () => {
  await workerSends({ from: 'worker', to: 'alone', action: 'who sent it' });
  expect(await got('who sent it')).toMatchObject([{ message: { from: 'worker' } }]);
});

test('9.12 Worker to alone: `to` (string) is `alone`, which says who receives it.', async () => {
  await workerSends({ from: 'worker', to: 'alone', action: 'for the alone' });
  expect(await got('for the alone')).toMatchObject([{ pid: alone.pid }]);
  await delivered();
  expect(await got('for the alone')).toHaveLength(1);
});

const VALUES = ['text 你好', 42, -1.5e-7, true, null, [], [1, [2]], { a: { b: 'c' } }];

test('9.13 Worker to alone: `data` (any) is what you send.', async () => {
  for (const data of VALUES) await workerSends({ from: 'worker', to: 'alone', action: 'data up', data });
  const told = await got('data up', VALUES.length);
  expect(told.map(({ message }) => message.data)).toEqual(VALUES);
});

test("9.14 Alone to worker: the alone's code sends the message.", async () => {
  expect(snippet('alone-to-worker.alone.ts')).toContain("type: 'worker'");
  await eachSender(tellAlone, 'from alone msg to worker process');
});

test("9.15 Alone to worker: the worker's code receives the message.", async () => {
  const told = await got('alone-to-worker', Object.keys(SENDERS).length);
  const pids = workers.map(({ pid }) => pid);
  for (const { pid, message } of told) {
    expect(pids).toContain(pid);
    expect(message).toEqual({
      action: 'alone-to-worker',
      from: 'alone',
      to: 'worker',
      type: 'worker',
      data: 'from alone msg to worker process',
    });
  }
});

test('9.16 Alone to worker: `action` (string) is the name of the event, any that you like.', async () => {
  for (const action of ['config:changed', '配置', 'exit', '1']) {
    await aloneSends({ from: 'alone', to: 'worker', action });
    expect(await got(action)).toMatchObject([{ message: { action } }]);
  }
});

test('9.17 Alone to worker: `from` (string) is `alone`, which says where the message comes from.', async () => {
  await aloneSends({ from: 'alone', to: 'worker', action: 'who sent it down' });
  expect(await got('who sent it down')).toMatchObject([{ message: { from: 'alone' } }]);
});

test('9.18 Alone to worker: `to` (string) is `worker`, which says who receives it.', async () => {
  await aloneSends({ from: 'alone', to: 'worker', action: 'for a worker' });
  const [{ pid }] = await got('for a worker');
  expect(workers.map((worker) => worker.pid)).toContain(pid);
});

/** How many of the workers got each of so many messages. */
async function spread(action, type) {
  const total = 40;
  for (let i = 0; i < total; i++) await aloneSends({ from: 'alone', to: 'worker', type, action, i });
  await delivered();
  const told = await got(action);
  const receivers = Array.from({ length: total }, () => []);
  for (const { pid, message } of told) receivers[message.i].push(pid);
  return receivers;
}

test('9.19 Alone to worker: `type` (string) is `worker` or `all`.', async () => {
  for (const [type, count] of [
    ['worker', 1],
    ['all', COUNT],
  ]) {
    await aloneSends({ from: 'alone', to: 'worker', type, action: `type ${type}` });
    await delivered();
    expect(await got(`type ${type}`)).toHaveLength(count);
  }
});

test("9.20 Alone to worker: with `type: 'worker'`, one worker gets the message, chosen at random.", async () => {
  const receivers = await spread('to one', 'worker');
  expect(receivers.map((pids) => pids.length)).toEqual(Array(receivers.length).fill(1));
  // By chance one of three is left out of 40 with a probability of 10⁻⁶; that all are the same is 10⁻¹⁹.
  expect(new Set(receivers.flat()).size).toBeGreaterThan(1);
});

test("9.21 Alone to worker: with `type: 'all'`, all workers get the message.", async () => {
  const receivers = await spread('to all', 'all');
  const all = workers.map(({ pid }) => pid).sort();
  expect(receivers.map((pids) => pids.sort())).toEqual(Array(receivers.length).fill(all));
});

test('9.22 Alone to worker: by default, `type` is `worker`.', async () => {
  const receivers = await spread('to one by default', undefined);
  expect(receivers.map((pids) => pids.length)).toEqual(Array(receivers.length).fill(1));
  expect(new Set(receivers.flat()).size).toBeGreaterThan(1);
});

test('9.23 Alone to worker: `data` (any) is what you send.', async () => {
  for (const data of VALUES) await aloneSends({ to: 'worker', worker_pid: workers[1].pid, action: 'data down', data });
  const told = await got('data down', VALUES.length);
  expect(told.map(({ message }) => message.data)).toEqual(VALUES);
});
