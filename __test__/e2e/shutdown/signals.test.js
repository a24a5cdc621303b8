'use strict';

const path = require('node:path');
const { setTimeout: later } = require('node:timers/promises');
const { test } = require('../support/at-once');
const { launch, start, fixture } = require('../support/cluster');
const { request, requests } = require('../support/client');
const { folder, script } = require('../support/files');
const { Load } = require('../support/load');
const { isPacked, root } = require('../support/project');
const { until } = require('../support/until');

const alone = fixture('alone/reporting.js');

test.each(['SIGTERM', 'SIGINT', 'SIGQUIT'])('%s: everything ends in good order, the app with 0', async (signal) => {
  const app = await start({ count: 2, alone });
  const slow = request(await app.port(), '/slow?ms=500');
  await app.report('slow');
  app.kill(signal);
  await expect(slow).resolves.toMatchObject({ status: 200 });
  await expect(app.gone).resolves.toEqual({ code: 0, signal: null });
  expect(app.events('exit').map(([, ...rest]) => rest)).toEqual([
    [0, null],
    [0, null],
  ]);
  expect(app.events('aloneExit').map(([, ...rest]) => rest)).toEqual([[0, null]]);
  expect(app.events('close')).toHaveLength(1);
});

test('a signal that comes again later ends it at once', async () => {
  const app = await start({ count: 2, alone, killTimeout: 60_000 });
  const [stuck, other] = await app.workers();
  await app.control(stuck, 'block');
  await app.report('blocking');
  app.kill('SIGTERM');
  await until(async () => (await app.call('stats')).state === 'stopping'); // the first one has been heard
  // Within a second the same one is the same wish, and another one always is.
  app.kill('SIGTERM');
  app.kill('SIGINT');
  await app.event('exit', (worker) => worker.id === other.id);
  await later(1500);
  expect(app.processes().map(({ pid }) => pid)).toContain(stuck.pid);
  app.kill('SIGTERM');
  await expect(app.gone).resolves.toEqual({ code: 0, signal: null });
  const exits = app.events('exit').map(([worker, code, signal]) => [worker.id, code, signal]);
  expect(exits).toContainEqual([stuck.id, null, 'SIGKILL']);
});

test('a signal while it starts', async () => {
  const app = launch({ count: 4, alone });
  await app.event('fork');
  app.kill('SIGTERM');
  await expect(app.gone).resolves.toMatchObject({ signal: null });
  expect(app.events('ready')).toEqual([]);
});

// In a bundle nothing shows when a part of it is loaded.
const testSource = isPacked ? test.skip : test;

testSource.each(['SIGTERM', 'SIGUSR2'])(
  '%s as soon as there are children, before the rest is loaded',
  async (signal) => {
    const output = { file: path.join(folder(), 'app.log') };
    const exec = fixture('workers/http.js');
    const early = script(`
    const Module = require('node:module');
    const { createCluster } = require(${JSON.stringify(root)});
    const load = Module._load;
    Module._load = function (name, ...rest) {
      if (name === './dispatcher') {
        console.log('early');
        process.kill(process.pid, ${JSON.stringify(signal)});
      }
      return load.call(this, name, ...rest);
    };
    const cluster = createCluster(${JSON.stringify({ exec, alone: false, count: 1, mode: 'production', output })});
    cluster.on('close', () => console.log('closed'));
    cluster.start().then(() => cluster.close());`);
    const app = launch({}, { script: early });
    await expect(app.gone).resolves.toEqual({ code: 0, signal: null });
    expect(app.output).toBe('early\nclosed\n');
  },
);

test.each(['SIGTERM', 'SIGINT', 'SIGQUIT'])(
  '%s to every process at once (systemd, a terminal, PM2) is one orderly stop',
  async (signal) => {
    const app = await start({ count: 3, alone });
    const workers = (await app.workers()).map(({ id }) => id);
    const slow = request(await app.port(), '/slow?ms=500');
    await app.report('slow');
    const targets = app.processes().map(({ pid }) => pid);
    expect(targets).toHaveLength(5);
    // The children first: the worst order, since the app does not know yet.
    for (const pid of [...targets.filter((pid) => pid !== app.pid), app.pid]) process.kill(pid, signal);
    await expect(slow).resolves.toMatchObject({ status: 200 });
    await expect(app.gone).resolves.toEqual({ code: 0, signal: null });
    // One that ended before the app heard its own signal was replaced.
    const exits = app.events('exit').filter(([{ id }]) => workers.includes(id));
    expect(exits.map(([, code, signal]) => [code, signal])).toEqual(Array(3).fill([0, null]));
    expect(app.events('unexpectedExit')).toEqual([]);
  },
);

test('a signal to the whole process group reaches only the app (Ctrl-C)', async () => {
  const app = await start({ count: 2, alone }, { detached: true });
  const slow = request(await app.port(), '/slow?ms=500');
  await app.report('slow');
  process.kill(-app.pid, 'SIGINT');
  await expect(slow).resolves.toMatchObject({ status: 200 });
  await expect(app.gone).resolves.toEqual({ code: 0, signal: null });
  expect(app.events('unexpectedExit')).toEqual([]);
});

test('SIGTERM to one worker: it finishes what it has and is replaced; no request fails', async () => {
  const app = await start({ count: 2 });
  const port = await app.port();
  const load = new Load(port, { atOnce: 8 });
  await load.answered(100);
  const [victim] = await app.workers();
  process.kill(victim.pid, 'SIGTERM');
  const [, code, signal] = await app.event('exit', (worker) => worker.id === victim.id);
  expect([code, signal]).toEqual([0, null]);
  await app.event('listening', (worker) => worker.slot === victim.slot && worker.id !== victim.id);
  await load.answered(100);
  const results = await load.stop();
  expect(results.filter(({ status }) => status !== 200)).toEqual([]);
  const pids = new Set((await requests(port, 50, 8)).map(({ body }) => body.pid));
  expect(pids.has(victim.pid)).toBe(false);
});

test('SIGTERM to the alone is ignored while the app lives', async () => {
  const app = await start({ count: 1, alone });
  const { pid } = await app.call('alone');
  process.kill(pid, 'SIGTERM');
  await app.call('sendmessage', { to: 'alone', action: 'still there?' });
  const { message } = await app.report('aloneMessage');
  expect(message.action).toBe('still there?');
  expect(app.events('aloneExit')).toEqual([]);
});

test('SIGHUP to every process at once is a reload', async () => {
  const app = await start({ count: 2, alone, minUptime: 0 });
  const before = (await app.workers()).map(({ pid }) => pid);
  const targets = app.processes().map(({ pid }) => pid);
  for (const pid of targets) process.kill(pid, 'SIGHUP');
  const [{ ok, replaced }] = await app.event('reload');
  expect([ok, replaced.map(({ oldPid }) => oldPid).sort()]).toEqual([true, before.sort()]);
  expect(app.events('aloneExit')).toEqual([]);
  expect(app.events('unexpectedExit')).toEqual([]);
});

test("handleSignals: false: signals are the app's own, and so is its end", async () => {
  const app = await start({ count: 2, alone, handleSignals: false }, { script: fixture('own-signals-app.js') });
  const before = await app.workers();
  for (const name of ['SIGTERM', 'SIGINT', 'SIGQUIT', 'SIGHUP']) {
    app.kill(name);
    const [, listeners] = await app.event('signal', (signal) => signal === name);
    expect(listeners).toBe(1);
  }
  expect(await app.workers()).toEqual(before);
  await app.call('close');
  expect([app.events('exit').length, app.events('close').length, app.events('reload')]).toEqual([2, 1, []]);
  await expect(app.call('title')).resolves.toBeTruthy();
  app.call('exit', 7).catch(() => {});
  await expect(app.gone).resolves.toEqual({ code: 7, signal: null });
});

test('a second signal while a cluster with `handleSignals: false` is still being closed does not cut it off', async () => {
  const app = await start({ count: 1 }, { script: fixture('two-clusters-app.js') });
  const port = await app.port();
  await app.event('other ready');
  app.kill('SIGTERM');
  await app.event('close');
  app.kill('SIGTERM');
  const [left] = await app.event('other closed');
  expect([left, port > 0]).toEqual([0, true]);
  await expect(app.gone).resolves.toEqual({ code: 0, signal: null });
});
