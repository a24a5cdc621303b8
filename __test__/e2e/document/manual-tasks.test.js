'use strict';
// Section 13 (README.md here): what the framework's manual adds about scheduled tasks. The framework itself has the timers; where a
// task runs is the cluster's part.

const { start, fixture } = require('../support/cluster');
const { script } = require('../support/files');
const { shared } = require('../support/shared');

const COUNT = 3;

const report = JSON.stringify(fixture('report.js'));

/** Each worker has the same tasks. One of type `worker` waits until this worker is the chosen one. */
const exec = () =>
  script(`
    const report = require(${report});
    const { worker } = require('node:cluster');
    const run = (task) => setInterval(task, 20).unref();
    function schedule({ type = 'worker', enable }, task) {
      if (!enable) return;
      if (type === 'all') return run(task);
      worker.on('message', ({ from, to, action }) => {
        if (from === 'app' && to === 'worker' && action === 'random-select-worker') run(task);
      });
    }
    schedule({ enable: true, type: 'worker' }, () => report('worker'));
    schedule({ enable: true, type: 'all' }, () => report('all'));
    schedule({ enable: true }, () => report('by default'));
    schedule({ enable: false, type: 'all' }, () => report('disabled'));
    worker.on('message', (message) => report('message', { message }));
    require('node:http').createServer().listen(0);`);

/** A task in the alone, which tells the workers what it found. */
const alone = () =>
  script(`
    const report = require(${report});
    module.exports = () => setInterval(() => {
      report('in the alone');
      process.send({ from: 'alone', to: 'worker', type: 'all', action: 'prices', data: [1, 2] });
    }, 20);`);

let app, workers;

beforeAll(async () => {
  app = await shared(() => start({ count: COUNT, exec: exec(), alone: alone() }));
  workers = (await app.workers()).map(({ pid }) => pid);
});

/** Who has run it, when it has run so often. */
async function runners(kind, times = 10) {
  const told = await app.reported(kind, times);
  return [...new Set(told.map(({ pid }) => pid))];
}

test('13.1 Way 1: a worker that gets `random-select-worker` from the app runs the task; only one gets it.', async () => {
  const { pid, message } = await app.report('message', (each) => each.message.action === 'random-select-worker');
  expect(workers).toContain(pid);
  expect(message).toMatchObject({ from: 'app', to: 'worker', worker_pid: pid });
  // What comes to all comes later.
  for (const each of workers)
    await app.report('message', (told) => told.pid === each && told.message.action === 'prices');
  const chosen = app.reports('message').filter((told) => told.message.action === 'random-select-worker');
  expect(chosen).toHaveLength(1);
});

test('13.2 Way 2: a task in the alone runs in one process only.', async () => {
  expect(await runners('in the alone')).toEqual([(await app.call('alone')).pid]);
});

test('13.3 What such a task has for the workers is sent to them as a message.', async () => {
  for (const pid of workers) {
    const told = await app.report('message', (each) => each.pid === pid && each.message.action === 'prices');
    expect(told.message).toEqual({ from: 'alone', to: 'worker', type: 'all', action: 'prices', data: [1, 2] });
  }
});

test('13.4 A task of type `worker` runs in one worker, chosen at random.', async () => {
  const [pid, ...others] = await runners('worker');
  expect(workers).toContain(pid);
  expect(others).toEqual([]);
});

test('13.5 A task of type `all` runs in every worker.', async () => {
  await app.event('report', () => new Set(app.reports('all').map(({ pid }) => pid)).size === COUNT);
  expect((await runners('all')).sort()).toEqual([...workers].sort());
});

test('13.6 By default, the type is `worker`.', async () => {
  expect(await runners('by default')).toEqual(await runners('worker'));
});

test('13.7 A task that is not enabled does not run.', async () => {
  await runners('all', 10 * COUNT);
  expect(app.reports('disabled')).toEqual([]);
});

test('13.8 Several servers each run their own tasks, so a task that concerns all of them must cope with that.', async () => {
  const second = await start({ count: 1, exec: exec() });
  const told = await second.reported('worker', 2);
  expect(told.map(({ pid }) => pid)).not.toContain((await runners('worker'))[0]);
});
