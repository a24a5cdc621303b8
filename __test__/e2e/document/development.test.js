'use strict';
// Section 11 of yunfly's document (README.md here): reloads in development.

const { connect, request } = require('../support/client');
const { Project, nth, source, story } = require('../support/development');
const { shared } = require('../support/shared');

const DEFAULT_DELAY_MS = 500;

const ALONE = 'module.exports = () => {};\n';

let project, app, port;

beforeAll(async () => {
  app = await shared(() => {
    project = new Project({ 'src/app.js': source('v1'), 'src/alone/service.js': ALONE });
    return project.start({ count: 4, alone: 'src/alone', reloadDelay: undefined });
  });
  port = await app.port();
});

/** Saves a new version of the worker; resolves with the report of the reload that follows. */
async function save(version) {
  const reloads = app.events('reload').length;
  project.save('src/app.js', source(version));
  const [report] = await nth(app, 'reload', reloads + 1);
  return report;
}

const version = async () => (await request(port)).body.version;

test('11.1 In development, there is always 1 worker, which cannot be changed.', async () => {
  await expect(app.workers()).resolves.toHaveLength(1); // `count` is 4
  await expect(app.call('scale', 2)).rejects.toMatchObject({ code: 'ERR_DEVELOPMENT' });
  await expect(app.workers()).resolves.toHaveLength(1);
  expect(app.events('fork')).toHaveLength(1);
});

test('11.3 A reload in development concerns the worker only; the master and the app do not restart.', async () => {
  const [old] = await app.workers();
  const alone = await app.call('alone');
  const before = app.eventNames().length;
  const report = await save('v2');
  const [worker] = await app.workers();
  expect(report).toMatchObject({ ok: true, replaced: [{ slot: 1, oldPid: old.pid, newPid: worker.pid }] });
  expect(await version()).toBe('v2');
  expect(app.events('started')).toHaveLength(1);
  expect((await app.call('alone')).pid).toBe(alone.pid);
  const restarts = ['fork', 'exit', 'aloneExit', 'aloneReady', 'ready', 'close'];
  const names = app.eventNames().slice(before);
  expect(names.filter((name) => restarts.includes(name))).toEqual(['exit', 'fork']);
});

test('11.4 This makes a restart shorter.', async () => {
  // A start has all that a restart has, and the start of the app and of the alone besides; nobody who connects meanwhile is refused.
  const startsOf = (name) => app.events(name).length;
  const starts = ['started', 'aloneReady'].map(startsOf);
  project.save('src/app.js', source('v3', { bootMs: 300 }));
  await app.event('exit', () => startsOf('exit') > startsOf('reload'));
  const socket = await connect(port);
  socket.destroy();
  expect(await version()).toBe('v3');
  await nth(app, 'reload', 2);
  expect(['started', 'aloneReady'].map(startsOf)).toEqual(starts);
});

test('11.5 While files keep changing in development, a reload is triggered after a delay of 500 ms by default.', async () => {
  const changes = app.events('change').length;
  let last;
  for (const name of ['a', 'b', 'c', 'd', 'app']) {
    last = performance.now();
    project.save(`src/${name}.js`, source('v4'));
  }
  await nth(app, 'change', changes + 1);
  expect(performance.now() - last).toBeGreaterThanOrEqual(DEFAULT_DELAY_MS);
});

test('11.6 This prevents one restart after another.', async () => {
  await nth(app, 'reload', 3);
  expect(await version()).toBe('v4');
  const [files] = app.events('change').at(-1);
  expect([...files].sort()).toEqual(['a', 'app', 'b', 'c', 'd'].map((name) => project.file(`src/${name}.js`)));
  // Five saves, one reload.
  expect(app.events('fork')).toHaveLength(4);
});

test('11.7 The delay can be changed: set `reloadDelay`.', async () => {
  const reloadDelay = DEFAULT_DELAY_MS + 300;
  const patient = new Project({ 'src/app.js': source('v1') });
  const other = await patient.start({ reloadDelay });
  const saved = performance.now();
  patient.save('src/app.js', source('v2'));
  await nth(other, 'change', 1);
  expect(performance.now() - saved).toBeGreaterThanOrEqual(reloadDelay);
});

// Last: it leaves no worker.
test('11.2 In development, there is no refork: no new worker is forked after one exits abnormally.', async () => {
  const forks = app.events('fork').length;
  const [worker] = await app.workers();
  process.kill(worker.pid, 'SIGKILL');
  await app.event('crash');
  await expect(app.workers()).resolves.toEqual([]);
  await app.call('close');
  expect(app.events('fork')).toHaveLength(forks);
  expect(story(app, ['crash', 'reload']).at(-1)).toBe('crash');
});
