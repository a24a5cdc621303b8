'use strict';
// Section 7 of yunfly's document (README.md here): the workers.

const { start, fixture } = require('../support/cluster');
const { request, requests } = require('../support/client');
const { script } = require('../support/files');
const { shared } = require('../support/shared');

const COUNT = 3;

/** workers/http.js with two scheduled tasks: one runs in every worker, the other only in the one that is chosen for it. */
const exec = () =>
  script(`
    const report = require(${JSON.stringify(fixture('report.js'))});
    const schedule = (task) => setInterval(() => report(task), 20).unref();
    require('${fixture('workers/http.js')}').once('listening', () => schedule('everywhere'));
    require('node:cluster').worker.on('message', ({ from, to, action }) => {
      if (from === 'app' && to === 'worker' && action === 'random-select-worker') schedule('once');
    });`);

let app, port;

beforeAll(async () => {
  app = await shared(() => start({ count: COUNT, exec: exec(), alone: fixture('alone/reporting.js') }));
  port = await app.port();
});

const pidsOf = (processes) => new Set(processes.map(({ pid }) => pid));

test('7.1 Workers are, as their name says, those who do the work.', async () => {
  const answers = await requests(port, 60, 6);
  const workers = pidsOf(await app.workers());
  for (const { body } of answers) expect(workers).toContain(body.pid);
});

test('7.2 They receive requests and serve the outside world.', async () => {
  const answers = await requests(port, 60, 6);
  expect(answers.map(({ status }) => status)).toEqual(Array(60).fill(200));
  expect(pidsOf(answers.map(({ body }) => body))).toEqual(pidsOf(await app.workers()));
});

test("7.3 Workers handle the users' requests and scheduled tasks.", async () => {
  const workers = pidsOf(await app.workers());
  await app.event('report', () => pidsOf(app.reports('everywhere')).size === COUNT);
  expect(pidsOf(app.reports('everywhere'))).toEqual(workers);
  expect(workers).toContain((await request(port)).body.pid);
});

test('7.4 A scheduled task can run in only one worker, so what it can do does not belong in the alone.', async () => {
  const told = await app.reported('once', 10);
  expect(pidsOf(told).size).toBe(1);
  const [{ pid }] = told;
  const chosen = (await app.workers()).find((worker) => worker.pid === pid);
  // When it goes, another one has the task, and still only one.
  await app.call('worker', chosen.id, 'disconnect');
  const { pid: next } = await app.report('once', (each) => each.pid !== pid);
  await app.event('exit', ({ id }) => id === chosen.id);
  await app.event('report', () => app.reports('once').filter((each) => each.pid === next).length >= 10);
  const pids = app.reports('once').map((each) => each.pid);
  expect(pids.lastIndexOf(pid)).toBeLessThan(pids.indexOf(next));
  expect(new Set(pids).size).toBe(2);
});

test('7.5 Workers run business code, which is more complex than that of the alone and the master, and less stable.', async () => {
  const alone = await app.call('alone');
  const [victim, ...others] = await app.workers();
  await app.control(victim, 'reject', { message: 'business code' });
  const [, code] = await app.event('unexpectedExit', ({ id }) => id === victim.id);
  expect(code).toBe(1);
  expect((await app.call('alone')).pid).toBe(alone.pid);
  const ids = (await app.workers()).map(({ id }) => id);
  expect(ids).toEqual(expect.arrayContaining(others.map(({ id }) => id)));
});

test('7.6 When a worker exits abnormally, the master starts another one.', async () => {
  const [, victim] = await app.workers();
  await app.control(victim, 'exit', { code: 3 });
  const [gone, code] = await app.event('unexpectedExit', ({ id }) => id === victim.id);
  expect([gone.pid, code]).toEqual([victim.pid, 3]);
  await app.event('listening', ({ slot, id }) => slot === victim.slot && id > victim.id);
});
