'use strict';
// Section 2 of yunfly's document (README.md here): how a cluster starts, and what follows when a worker goes.

const fs = require('node:fs');
const path = require('node:path');
const { launch, start, fixture } = require('../support/cluster');
const { request } = require('../support/client');
const { folder, script } = require('../support/files');
const { firstOf } = require('../support/position');
const { shared } = require('../support/shared');

const CHECK_MS = 10_000;

const report = JSON.stringify(fixture('report.js'));
/** Reports when it is about to be ready, and that it is not a worker of node:cluster, but a child with a channel. */
const alone = () =>
  script(`
    const report = require(${report});
    module.exports = async () => {
      await new Promise((resolve) => setTimeout(resolve, 200));
      const { isWorker } = require('node:cluster');
      report('aloneDone', { parent: process.ppid, isWorker, connected: process.connected, send: typeof process.send });
    };
  `);

/** The threads of a process, by name. Linux. */
const threads = (pid) =>
  fs.readdirSync(`/proc/${pid}/task`).map((id) => fs.readFileSync(`/proc/${pid}/task/${id}/comm`, 'utf8').trim());
const isLinux = process.platform === 'linux';

let app, port, before, begun;
/** Lost its only worker, with `refork: false`: the self-check is all that can still end it. */
let empty;

beforeAll(async () => {
  begun = Date.now();
  empty = await shared(() => start({ count: 1, refork: false, limit: 3600 }));
  const [{ id }] = await empty.workers();
  await empty.call('killWorker', id);

  app = await shared(() =>
    launch({ count: 2, alone: alone(), exec: fixture('workers/reporting.js') }, { api: 'createCluster' }),
  );
  await app.call('stats'); // it runs
  before = { processes: app.processes().length, threads: isLinux ? threads(app.pid) : [] };
  await app.call('start');
  port = await app.port();
});

/** Where in the history this is first. */
const first = (name) => firstOf(app.eventNames(), name);

/** Has one worker go in this way; resolves with it and the one that took its slot, when that listens. */
async function replaced(go) {
  const [victim] = (await app.workers()).filter(({ state }) => state === 'listening');
  await go(victim);
  const isSuccessor = (worker) => worker.slot === victim.slot && worker.id > victim.id;
  const [successor] = await app.event('listening', isSuccessor);
  return { victim, successor };
}

test('2.1 First the main process starts, the app.', () => {
  expect(before.processes).toBe(1);
  expect(app.processes()).toHaveLength(4);
});

test('2.2 Once the app has started, the master starts.', () => {
  expect(before.threads).not.toContain('cluster-master');
  if (isLinux) expect(threads(app.pid)).toContain('cluster-master');
  expect(first('reply')).toBeLessThan(first('aloneReady'));
});

test('2.3 Once the master has started, it forks the alone, as child_process does.', async () => {
  const told = await app.report('aloneDone');
  expect(told).toMatchObject({ parent: app.pid, isWorker: false, connected: true, send: 'function' });
});

test('2.4 Once the alone has started, it tells the master.', () => {
  expect(first('aloneReady')).toBeGreaterThanOrEqual(0);
  expect(app.events('aloneReady')).toHaveLength(1);
});

test('2.5 Then the master forks several workers.', async () => {
  expect(first('aloneReady')).toBeLessThan(first('fork'));
  expect(app.events('fork').length).toBeGreaterThanOrEqual(2);
  // What the processes themselves say agrees: one stream, so its order is real.
  await app.reported('worker', 2);
  const kinds = app.events('report').map(([{ kind }]) => kind);
  expect(firstOf(kinds, 'aloneDone')).toBeLessThan(firstOf(kinds, 'worker'));
});

test('2.6 Once all workers have started, the app is told that the service is up.', () => {
  const untilReady = app.eventNames().slice(0, first('ready'));
  for (const step of ['fork', 'online', 'listening', 'workerReady'])
    expect(untilReady.filter((name) => name === step)).toHaveLength(2);
  expect(first('fork')).toBeLessThan(first('online'));
  expect(first('online')).toBeLessThan(first('listening'));
  expect(app.events('ready')).toHaveLength(1);
});

test('2.7 On `disconnect`, `exit` and `unexpectedExit`, the faulty worker closes gracefully: it takes no new requests, finishes its work, then exits.', async () => {
  const ways = {
    disconnect: ({ id }) => app.call('worker', id, 'disconnect'),
    unexpectedExit: (worker) => app.control(worker, 'throw', { message: 'thrown on purpose' }),
  };
  for (const [name, go] of Object.entries(ways)) {
    const told = app.reports('slow').length;
    const slow = request(port, '/slow?ms=1000');
    const { pid } = (await app.reported('slow', told + 1)).at(-1);
    const victim = (await app.workers()).find((worker) => worker.pid === pid);
    await go(victim);
    // It is on its way out, and not gone: what comes now is for the others.
    await app.event('fork', (worker) => worker.slot === victim.slot && worker.id > victim.id);
    expect((await request(port)).body.pid).not.toBe(pid);
    const connections = app.reports('connection').filter((each) => each.pid === pid).length;
    expect((await slow).body.pid).toBe(pid);
    await app.event(name, ({ id }) => id === victim.id);
    await app.event('exit', ({ id }) => id === victim.id);
    expect(app.reports('connection').filter((each) => each.pid === pid)).toHaveLength(connections);
    await app.event('listening', (worker) => worker.slot === victim.slot && worker.id > victim.id);
  }
});

test('2.8 The master forks a new worker, so that the number of workers stays the same.', async () => {
  const { victim, successor } = await replaced(({ pid }) => process.kill(pid, 'SIGKILL'));
  await app.event('exit', ({ id }) => id === victim.id);
  const workers = await app.workers();
  expect(workers.map(({ slot }) => slot).sort()).toEqual([1, 2]);
  expect(workers.map(({ id }) => id)).toContain(successor.id);
});

test('2.9 The app is told about it.', async () => {
  const { victim, successor } = await replaced(({ pid }) => process.kill(pid, 'SIGKILL'));
  const [gone, code, signal] = await app.event('unexpectedExit', ({ id }) => id === victim.id);
  expect([gone.pid, code, signal]).toEqual([victim.pid, null, 'SIGKILL']);
  const isEvent = ({ name }) => !['report', 'reply', 'output'].includes(name);
  const story = (id) =>
    app
      .history()
      .filter((entry) => isEvent(entry) && entry.args[0]?.id === id)
      .map(({ name }) => name);
  expect(story(victim.id).slice(-3)).toEqual(['disconnect', 'exit', 'unexpectedExit']);
  expect(story(successor.id).slice(0, 3)).toEqual(['fork', 'online', 'listening']);
});

test('2.10 If an `exit` or `unexpectedExit` leaves no worker alive, the master reforks workers for up to `limit`.', async () => {
  const { app: failing, flag } = await losing({ limit: 30 });
  await failing.event('fork', () => failing.events('fork').length >= 3);
  // The first attempts fail; within limit there are more.
  fs.rmSync(flag);
  await failing.event('listening', ({ id }) => id > 1);
  expect((await request(await failing.port())).text).toBe('good');
  expect(failing.events('exception')).toEqual([]);
});

test('2.11 If there is still no worker alive after `limit`, all processes exit, and the server is closed.', async () => {
  const LIMIT_S = 0.5;
  const { app: failing, lostAt } = await losing({ limit: LIMIT_S });
  const failingPort = await failing.port();
  const [error] = await failing.event('exception');
  expect(Date.now() - lostAt).toBeGreaterThanOrEqual(LIMIT_S * 1000);
  expect(error).toMatchObject({ code: 'ERR_NO_WORKERS', message: expect.stringContaining(`limit (${LIMIT_S} s)`) });
  await expect(failing.gone).resolves.toEqual({ code: 1, signal: null });
  expect(failing.processes()).toEqual([]);
  await expect(request(failingPort)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
});

test('2.12 Every 10 seconds, there is a self-check of the live workers.', async () => {
  const [counts] = await app.event('check');
  expect(Date.now() - begun).toBeGreaterThanOrEqual(CHECK_MS);
  expect(counts.listening + counts.starting).toBeGreaterThanOrEqual(1);
});

test('2.13 If the self-check finds no live worker, the server exits.', async () => {
  const [error] = await empty.event('exception');
  expect(empty.events('check')).toMatchObject([[{ listening: 0, starting: 0 }]]);
  expect(error.code).toBe('ERR_NO_WORKERS');
  await expect(empty.gone).resolves.toEqual({ code: 1, signal: null });
});

/** A cluster that lost its only worker; those that follow die as they are loaded as long as `flag` is there. */
async function losing(config) {
  const flag = path.join(folder(), 'bad');
  const env = { BAD: 'throws', BAD_FLAG: flag, BAD_INSTANCES: '0' };
  const lost = await start({ count: 1, exec: fixture('workers/turning-bad.js'), env, minUptime: 100, ...config });
  fs.writeFileSync(flag, '');
  const lostAt = Date.now();
  const [{ id }] = await lost.workers();
  await lost.call('killWorker', id);
  return { app: lost, flag, lostAt };
}
