'use strict';

const fs = require('node:fs');
const { test } = require('../support/at-once');
const { launch, start, fixture } = require('../support/cluster');
const { folder, script } = require('../support/files');
const { Load } = require('../support/load');
const { isAlive } = require('../support/processes');
const { until } = require('../support/until');

const bad = fixture('workers/bad.js');
const startOne = (config) => start({ minUptime: 1000, ...config });
const pids = async (app) => (await app.workers()).map(({ pid }) => pid).sort();

/** One that fails is told as such, however it is asked for. */
async function failed(app, options) {
  const report = await app.call('reload', options);
  expect(report).toMatchObject({ ok: false, error: { name: 'ClusterError', code: 'ERR_RELOAD_FAILED' } });
  expect(app.events('reload').at(-1)).toEqual([report]);
  return report;
}

const cause = { name: 'RangeError', message: 'bad on purpose' };

const failures = [
  ['throws', /slot 1 .*before it was ready.*bad on purpose/, cause],
  ['silent', /slot 1 .*startTimeout/, undefined],
  ['dies', /slot 1 .*soon after it was ready.*bad on purpose/, cause],
  ['exits', /slot 1 .*soon after it was ready.*exit code 7/, undefined],
];

test.each([true, false].flatMap((keepAlive) => failures.map((failure) => [keepAlive, ...failure])))(
  'keep-alive %s: a new version that %s: the old workers go on, no request fails, and the report says why',
  async (keepAlive, kind, message, expected) => {
    // One that ends is told at once; it ends half a second after it listens, or later on a busy machine.
    const app = await startOne(kind === 'silent' ? { startTimeout: 5000 } : { minUptime: 20_000 });
    const load = new Load(await app.port(), { keepAlive });
    await load.answered(100);
    const before = await pids(app);
    const report = await failed(app, { exec: bad, args: [kind] });
    expect(report.error.message).toMatch(message);
    if (expected) expect(report.error.cause).toMatchObject(expected);
    else expect(report.error.cause).toBeUndefined();
    expect(report.replaced).toEqual([]);
    expect(await pids(app)).toEqual(before);
    await load.answered(200);
    const results = await load.stop();
    // A process that exits by itself cuts what it was working on; nothing else may fail.
    const { pid } = kind === 'exits' ? await app.report('bad listens') : {};
    const taken = new Set(
      app
        .reports('connection')
        .filter((report) => report.pid === pid)
        .map(({ port }) => port),
    );
    expect(results.filter(({ status, port }) => status !== 200 && !taken.has(port))).toEqual([]);
    expect(
      app
        .processes()
        .map(({ command }) => command)
        .filter((command) => command.includes(bad)),
    ).toEqual([]);
  },
);

test('a new worker that cannot be forked: the old ones go on, and the report says why', async () => {
  const cwd = folder();
  const app = await startOne({ cwd });
  const before = await pids(app);
  fs.renameSync(cwd, `${cwd}-gone`);
  const report = await failed(app, {});
  fs.renameSync(`${cwd}-gone`, cwd);
  expect(report.error.message).toMatch(/slot 1 .*could not be started: No such file/);
  expect(await pids(app)).toEqual(before);
  await expect(app.call('reload')).resolves.toMatchObject({ ok: true });
});

test('after one that failed the old version is what is forked, and what is reloaded', async () => {
  const app = await startOne();
  await failed(app, { exec: bad, args: ['throws'], env: { GENERATION: 'bad' } });
  const [victim] = await app.workers();
  process.kill(victim.pid, 'SIGKILL');
  const heir = ({ slot, id }) => slot === victim.slot && id !== victim.id;
  await app.event('listening', heir);
  await expect(app.call('reload')).resolves.toMatchObject({ ok: true });
  await expect(app.call('reload', { exec: bad, args: ['throws'] })).resolves.toMatchObject({ ok: false });
  await expect(app.call('reload', { exec: fixture('workers/generation.js') })).resolves.toMatchObject({ ok: true });
  const booted = await app.reported('booted', 2);
  expect(booted.map(({ generation, args }) => [generation, args])).toEqual(Array(2).fill([undefined, []]));
});

test('a reload that follows a failed one does not fail with it', async () => {
  const app = await startOne();
  const before = await pids(app);
  const [first, second] = await Promise.all([
    app.call('reload', { exec: bad, args: ['throws'] }),
    app.call('reload', { exec: fixture('workers/generation.js') }),
  ]);
  expect([first.ok, second.ok]).toEqual([false, true]);
  expect((await pids(app)).filter((pid) => before.includes(pid))).toEqual([]);
});

test('an old worker that dies while its successor proves itself: the slot is not left empty', async () => {
  const app = await startOne({ count: 1 });
  const [old] = await app.workers();
  const asked = app.call('reload');
  await app.event('listening', ({ id }) => id !== old.id);
  process.kill(old.pid, 'SIGKILL');
  await asked;
  await until(async () => (await app.workers()).some(({ slot, state }) => slot === 1 && state === 'listening'));
  expect(isAlive(old.pid)).toBe(false);
  expect(await app.workers()).toHaveLength(1);
});

test('a bad new alone: the old version comes back, and the report says why', async () => {
  const alone = fixture('alone/failing.js');
  const app = await startOne({ count: 1, alone, startTimeout: 3000 });
  const before = await app.call('alone');
  const [worker] = await app.workers();
  const report = await failed(app, { target: 'all', env: { ALONE_FAILS: '1' } });
  expect(report.error.message).toMatch(/new alone .*bad alone on purpose/);
  expect(report.error.cause).toMatchObject({ message: 'bad alone on purpose' });
  await app.event('aloneReady', ({ pid }) => pid !== before.pid);
  expect(await pids(app)).toEqual([worker.pid]);
});

test('what cannot be done is refused, and nothing happens', async () => {
  const refusals = [
    [{ target: 'workers' }, 'ERR_RELOAD_INVALID', /`target`.*'worker', 'alone' or 'all'.*'workers'/],
    [{ concurrency: 0 }, 'ERR_RELOAD_INVALID', /`concurrency`.*integer from 1 to 1000.*0/],
    [{ exec: '' }, 'ERR_RELOAD_INVALID', /`exec`/],
    [{ exec: 'missing.js' }, 'ERR_RELOAD_INVALID', /`exec`.*missing\.js/],
    [{ args: 'text' }, 'ERR_RELOAD_INVALID', /`args`.*array of strings/],
    [{ env: { 'A=B': '1' } }, 'ERR_RELOAD_INVALID', /`env`/],
    [{ env: { NODE_OPTIONS: '--inspect=foo:bar' } }, 'ERR_RELOAD_INVALID', /^reload\(\): the port of --inspect/],
    [{ environment: {} }, 'ERR_RELOAD_INVALID', /`environment` is not an option.*env, exec, args, target, concurrency/],
    ['now', 'ERR_RELOAD_INVALID', /must be an object/],
    [{ target: 'alone' }, 'ERR_NO_ALONE', /`target: 'alone'`/],
    [{ target: 'all' }, 'ERR_NO_ALONE', /`target: 'all'`/],
  ];
  const app = await startOne({ count: 1 });
  for (const [options, code, message] of refusals) {
    const refused = await app.call('reload', options).catch((error) => error);
    expect([options, refused]).toEqual([
      options,
      expect.objectContaining({ code, message: expect.stringMatching(message) }),
    ]);
  }
  expect(app.events('reload')).toEqual([]);
  expect(app.events('fork')).toHaveLength(1);
});

test.each(['reload', 'scale'])('%s() of one that does not run', async (action) => {
  const app = launch({ count: 1 }, { api: 'createCluster' });
  const argument = action === 'scale' ? 2 : {};
  await expect(app.call(action, argument)).rejects.toMatchObject({ code: 'ERR_NOT_RUNNING' });
  await app.call('start');
  await expect(app.call('closeThen', action, argument)).rejects.toMatchObject({ code: 'ERR_NOT_RUNNING' });
});

test.each(['reload', 'scale'])('%s() of one that is starting', async (action) => {
  const app = launch({ count: 1, exec: script('setInterval(() => {}, 1000);') }, { api: 'createCluster' });
  const started = expect(app.call('start')).rejects.toMatchObject({ code: 'ERR_CLOSED' });
  await app.event('fork');
  await expect(app.call(action, action === 'scale' ? 2 : {})).rejects.toMatchObject({ code: 'ERR_NOT_RUNNING' });
  expect(app.events('reload')).toEqual([]);
  await app.call('close');
  await started;
});

test('close() while one is under way: the report says so, and nothing is left', async () => {
  const app = await startOne({ minUptime: 60_000 });
  const asked = app.call('reload');
  await app.event('fork', ({ id }) => id > 2);
  const closed = app.call('close');
  await expect(asked).resolves.toMatchObject({ ok: false, reason: 'closed' });
  await closed;
  await expect(app.gone).resolves.toEqual({ code: 0, signal: null });
});
