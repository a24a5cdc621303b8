'use strict';
// Section 10 of yunfly's document (README.md here): one worker that is chosen at random runs a task.

const { isDeepStrictEqual } = require('node:util');
const { start, fixture } = require('../support/cluster');
const { compiled } = require('../support/document');
const { script } = require('../support/files');
const { shared } = require('../support/shared');

const COUNT = 3;
const HERE = '// now you can doing something here what you want to do.';

/** The document's two snippets, in which something is done where it says so. */
const exec = () =>
  script(`
    const report = require(${JSON.stringify(fixture('report.js'))});
    require(${JSON.stringify(fixture('control.js'))});
    report('everywhere');
    ${compiled('random-worker.listen').replace('// do something', `report('heard', { msg });`)}
    ${compiled('random-worker.check').replace(HERE, `report('task', { msg });`)}
    require('node:http').createServer().listen(0);`);

let app;

beforeAll(async () => {
  app = await shared(() => start({ count: COUNT, exec: exec() }));
});

test('10.1 By default, all workers run a task, since they are independent processes.', async () => {
  const told = await app.reported('everywhere', COUNT);
  const workers = await app.workers();
  expect(new Set(told.map(({ pid }) => pid))).toEqual(new Set(workers.map(({ pid }) => pid)));
});

test('10.4 Step 1: listen to the event `message` of the worker.', async () => {
  const { pid, msg } = await app.report('heard');
  expect(msg).toMatchObject({ action: 'random-worker', worker_pid: pid });
});

test('10.5 Step 2: run the task only if the message is from the app and is a `random-worker` event.', async () => {
  const { pid, msg } = await app.report('task');
  const { id } = (await app.workers()).find((worker) => worker.pid === pid);
  expect(msg).toEqual({ from: 'app', to: 'worker', action: 'random-worker', worker_id: id, worker_pid: pid });
  // Others that are heard are no reason to run it.
  await app.report('heard', (each) => each.msg.action === 'random-select-worker');
  await app.call('randomWorker', { action: 'another' });
  await app.report('heard', (each) => each.msg.action === 'another');
  expect(app.reports('task')).toHaveLength(1);
});

/** The message of the chosen worker with this change is heard, and the task not run. */
async function isNoReason(change) {
  const { pid, msg } = await app.report('task');
  const { id } = (await app.workers()).find((worker) => worker.pid === pid);
  await app.call('worker', id, 'send', { ...msg, ...change, changed: change });
  await app.report('heard', (each) => each.pid === pid && isDeepStrictEqual(each.msg.changed, change));
  expect(app.reports('task')).toHaveLength(1);
}

test("10.6 `from === 'app'` makes sure that the app sent it.", async () => {
  expect((await app.report('task')).msg.from).toBe('app');
  await isNoReason({ from: 'worker' });
});

test("10.7 `to === 'worker'` makes sure that it was sent to a worker.", async () => {
  expect((await app.report('task')).msg.to).toBe('worker');
  await isNoReason({ to: 'alone' });
});

test("10.8 `action === 'random-worker'` makes sure that it is the event that chooses one worker at random.", async () => {
  expect((await app.report('task')).msg.action).toBe('random-worker');
  await isNoReason({ action: 'random' });
});

test('10.9 `now_worker_pid === worker_pid` makes sure that this worker is the chosen one.', async () => {
  const { pid, msg } = await app.report('task');
  expect(msg.worker_pid).toBe(pid);
  const other = (await app.workers()).find((worker) => worker.pid !== pid);
  await isNoReason({ worker_pid: other.pid });
});

test('10.3 The worker is one that the master chooses at random.', async () => {
  const pids = new Set();
  for (let i = 0; i < 30; i++) {
    const chosen = await app.call('randomWorker', { action: 'chosen', i });
    const { pid, msg } = await app.report('heard', (each) => each.msg.i === i);
    expect(pid).toBe(chosen.pid);
    expect(msg).toMatchObject({ worker_id: chosen.id, worker_pid: chosen.pid });
    pids.add(pid);
  }
  // By chance it is the same one 30 times with a probability of 10⁻¹⁴.
  expect(pids.size).toBeGreaterThan(1);
});

test('10.2 If only one worker is to run a task, do as follows.', async () => {
  const [first] = app.reports('task');
  const { id } = (await app.workers()).find(({ pid }) => pid === first.pid);
  // Another one runs it once the first has gone, so that never two do.
  await app.call('worker', id, 'disconnect');
  const second = await app.report('task', ({ pid }) => pid !== first.pid);
  const [exited] = await app.event('exit');
  expect(exited.pid).toBe(first.pid);
  expect(second.msg.worker_pid).toBe(second.pid);
  await app.call('close');
  await app.gone;
  expect(app.reports('task')).toHaveLength(2);
});
