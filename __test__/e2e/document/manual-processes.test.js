'use strict';
// Section 12 (README.md here): what the framework's manual adds about its processes.

const { start, fixture } = require('../support/cluster');
const { requests } = require('../support/client');
const { script } = require('../support/files');
const { shared } = require('../support/shared');

const COUNT = 2;

const report = JSON.stringify(fixture('report.js'));

/** An alone with a timer that runs a task, and two mistakes: one that it survives, and one that no process does. */
const alone = () =>
  script(`
    const report = require(${report});
    const orders = {
      throw: () => setImmediate(() => { throw new Error('on purpose'); }),
      abort: () => process.abort(),
    };
    module.exports = () => {
      process.on('message', ({ action }) => orders[action]());
      setInterval(() => report('task'), 20);
    };`);

let app, port;

beforeAll(async () => {
  app = await shared(() => start({ count: COUNT, alone: alone(), exec: fixture('workers/reporting.js') }));
  port = await app.port();
});

const order = (action) => app.call('sendmessage', { to: 'alone', action });

test('12.1 A Node process runs on one CPU only; a cluster runs several processes at the same time.', async () => {
  const workers = await app.workers();
  // Both in a loop that never ends: neither waits for the other.
  for (const worker of workers) await app.control(worker, 'block');
  for (const { pid } of workers) await app.report('blocking', (told) => told.pid === pid);
  for (const { pid } of workers) process.kill(pid, 'SIGKILL');
  const isNew = ({ slot, id }, old) => slot === old.slot && id > old.id;
  for (const old of workers) await app.event('listening', (worker) => isNew(worker, old));
});

test('12.2 Each of these processes runs the same source code.', async () => {
  const told = await app.reported('worker', COUNT);
  expect(told.slice(0, COUNT).map(({ argv }) => argv[0])).toEqual(Array(COUNT).fill(fixture('workers/reporting.js')));
});

test('12.3 They can all listen on the same port.', async () => {
  const workers = await app.workers();
  expect(new Set(app.events('listening').map(([, address]) => address.port))).toEqual(new Set([port]));
  const answers = await requests(port, 60, 6);
  expect(new Set(answers.map(({ body }) => body.pid))).toEqual(new Set(workers.map(({ pid }) => pid)));
});

test('12.4 The alone is rather stable: it exits only after a fatal error.', async () => {
  const { pid } = await app.call('alone');
  await order('throw');
  await app.event('aloneError');
  const told = app.reports('task').length;
  await app.reported('task', told + 2);
  expect((await app.call('alone')).pid).toBe(pid);
  expect(app.events('aloneExit')).toEqual([]);
});

test('12.5 After a fatal error of the alone, a new one is forked, which carries on with the tasks.', async () => {
  const { pid } = await app.call('alone');
  await order('abort');
  const [, code, signal] = await app.event('aloneExit', (gone) => gone.pid === pid);
  expect([code, signal]).toEqual([null, 'SIGABRT']);
  await app.event('aloneReady', (next) => next.pid !== pid);
  const next = await app.call('alone');
  await app.report('task', (each) => each.pid === next.pid);
  expect(await app.workers()).toHaveLength(COUNT);
});

test('12.6 The alone suits tasks that are to run in a single process, such as scheduled ones.', async () => {
  // At any time in one process, before and after the fatal error.
  const pids = app.reports('task').map(({ pid }) => pid);
  const [first, second] = [...new Set(pids)];
  expect(new Set(pids)).toEqual(new Set(app.events('aloneReady').map(([{ pid }]) => pid)));
  expect(pids.lastIndexOf(first)).toBeLessThan(pids.indexOf(second));
});
