'use strict';

const { test } = require('../support/at-once');
const { launch, start, fixture } = require('../support/cluster');
const { request, requests } = require('../support/client');
const { Load } = require('../support/load');
const { isAlive } = require('../support/processes');
const { until } = require('../support/until');

const exec = fixture('workers/generation.js');

/** Starts a cluster; resolves when `standby` workers stand by. */
async function startWith({ standby, ...config }) {
  const app = await start({ exec, standby, minUptime: 300, ...config });
  const workers = await standing(app, standby);
  return { app, standbys: workers };
}

/** Those that stand by, once they are so many. */
function standing(app, count) {
  return until(async () => {
    const workers = (await app.workers()).filter(({ state }) => state === 'standby');
    return workers.length === count && workers;
  });
}

const withSlot = async (app) => (await app.workers()).filter(({ state }) => state === 'listening');

test('it has booted up to its listen, has no slot, gets no connection, and is counted', async () => {
  const {
    app,
    standbys: [standby],
  } = await startWith({ standby: 1 });
  expect(standby.slot).toBeUndefined();
  expect(app.events('standby').map(([{ pid, slot, state }]) => ({ pid, slot, state }))).toEqual([
    { pid: standby.pid, slot: undefined, state: 'standby' },
  ]);
  const booted = await app.report('booted', ({ pid }) => pid === standby.pid);
  expect(booted.instance).toBeUndefined();
  const answers = await requests(await app.port(), 60, 8);
  expect(answers.map(({ body }) => body.pid)).not.toContain(standby.pid);
  expect(app.events('listening').map(([worker]) => worker.pid)).not.toContain(standby.pid);
  expect(app.reports('listening').map(({ pid }) => pid)).not.toContain(standby.pid);
  expect((await app.call('stats')).workers).toMatchObject({ listening: 2, standby: 1 });
});

test('a worker is killed: it takes the slot, and a new one boots behind it', async () => {
  const {
    app,
    standbys: [standby],
  } = await startWith({ standby: 1 });
  const [victim] = await withSlot(app);
  process.kill(victim.pid, 'SIGKILL');
  const [heir] = await app.event('listening', ({ slot, id }) => slot === victim.slot && id !== victim.id);
  expect(heir.pid).toBe(standby.pid);
  await app.report('listening', ({ pid }) => pid === standby.pid);
  const [next] = await standing(app, 1);
  expect(next.pid).not.toBe(standby.pid);
  expect((await withSlot(app)).map(({ slot }) => slot).sort()).toEqual([1, 2]);
  // It knows its slot, and serves in it.
  await until(async () => {
    const { body } = await request(await app.port());
    return body.pid === standby.pid && body.slot === victim.slot;
  });
});

test('as many as stand by take over at once, the rest is forked', async () => {
  const { app, standbys } = await startWith({ standby: 2, count: 3 });
  const victims = await withSlot(app);
  for (const { pid } of victims) process.kill(pid, 'SIGKILL');
  for (const { id } of victims) await app.event('exit', (worker) => worker.id === id);
  await until(async () => (await withSlot(app)).length === 3);
  const now = await withSlot(app);
  expect(now.map(({ pid }) => pid)).toEqual(expect.arrayContaining(standbys.map(({ pid }) => pid)));
  expect(now.map(({ slot }) => slot).sort()).toEqual([1, 2, 3]);
  await standing(app, 2);
});

test('one that dies itself is replaced, and nobody else notices', async () => {
  const {
    app,
    standbys: [standby],
  } = await startWith({ standby: 1 });
  const before = (await withSlot(app)).map(({ pid }) => pid).sort();
  process.kill(standby.pid, 'SIGKILL');
  await app.event('standby', ({ pid }) => pid !== standby.pid);
  expect((await withSlot(app)).map(({ pid }) => pid).sort()).toEqual(before);
  expect(app.events('exit').map(([{ pid, slot }]) => [pid, slot])).toEqual([[standby.pid, undefined]]);
});

test('reload under load: workers and standbys are of the new version, no request fails', async () => {
  const {
    app,
    standbys: [standby],
  } = await startWith({ standby: 1, env: { GENERATION: 'old' } });
  const load = new Load(await app.port());
  await load.answered(100);
  const before = [...(await withSlot(app)), standby].map(({ pid }) => pid);
  const report = await app.call('reload', { env: { GENERATION: 'new' } });
  expect(report).toMatchObject({ ok: true });
  expect(report.replaced.map(({ slot }) => slot).sort()).toEqual([1, 2]);
  await until(() => !before.some(isAlive));
  await standing(app, 1);
  for (const { pid } of await app.workers()) {
    expect(await app.report('booted', (booted) => booted.pid === pid)).toMatchObject({ generation: 'new' });
  }
  const results = await load.stop();
  expect(results.filter(({ status }) => status !== 200)).toEqual([]);
});

test('a reload that fails leaves it what it was', async () => {
  const {
    app,
    standbys: [standby],
  } = await startWith({ standby: 1 });
  await expect(app.call('reload', { exec: fixture('workers/bad.js'), args: ['throws'] })).resolves.toMatchObject({
    ok: false,
  });
  await expect(standing(app, 1)).resolves.toMatchObject([{ pid: standby.pid }]);
});

test('scale up takes it, and another one boots', async () => {
  const {
    app,
    standbys: [standby],
  } = await startWith({ standby: 1 });
  await app.call('scale', 3);
  const third = (await withSlot(app)).find(({ slot }) => slot === 3);
  expect(third.pid).toBe(standby.pid);
  await standing(app, 1);
  await app.call('scale', 2);
  expect(isAlive(standby.pid)).toBe(false);
  await standing(app, 1);
});

test('SIGTERM to the app: it ends with the others', async () => {
  const { app } = await startWith({ standby: 2 });
  app.kill('SIGTERM');
  await expect(app.gone).resolves.toEqual({ code: 0, signal: null });
  expect(app.events('exit').map(([, code, signal]) => [code, signal])).toEqual(Array(4).fill([0, null]));
});

test('in development there is none', async () => {
  const app = await start({ exec, standby: 2, mode: 'development' });
  expect((await app.workers()).map(({ state }) => state)).toEqual(['listening']);
  expect((await app.call('stats')).workers.standby).toBe(0);
});

test('where readiness is not to listen it is refused', async () => {
  const app = launch({ exec, standby: 1, ready: 'online' });
  const [error] = await app.event('rejected');
  expect(error).toMatchObject({ code: 'ERR_CONFIG_INVALID', message: expect.stringMatching(/`standby`.*`ready`/) });
  await app.gone;
});
