'use strict';

const { test } = require('../support/at-once');
const { start, fixture } = require('../support/cluster');
const { Load } = require('../support/load');
const { firstOf, lastOf } = require('../support/position');
const { isAlive } = require('../support/processes');

const exec = fixture('workers/generation.js');
const alone = fixture('alone/reporting.js');

const startOne = (config, options) => start({ exec, minUptime: 300, ...config }, options);
const pids = (workers) => workers.map(({ pid }) => pid);
/** What the process was launched with. */
const booted = (app, { pid }) => app.report('booted', (report) => report.pid === pid);

test('reloads asked for during a reload are merged into one that follows, with the last options', async () => {
  const app = await startOne({ count: 2 });
  const asked = [{}, { env: { GENERATION: 'a' } }, { env: { GENERATION: 'b' } }];
  const reports = await Promise.all(asked.map((options) => app.call('reload', options)));
  expect(reports.map(({ ok }) => ok)).toEqual([true, true, true]);
  expect(reports[1]).toEqual(reports[2]);
  expect(reports[0].replaced.map(({ newPid }) => newPid).sort()).toEqual(
    reports[1].replaced.map(({ oldPid }) => oldPid).sort(),
  );
  expect(app.events('reload')).toHaveLength(2);
  expect(app.events('fork')).toHaveLength(3 * 2);
  for (const worker of await app.workers()) expect(await booted(app, worker)).toMatchObject({ generation: 'b' });
});

test('a reload that follows without options keeps what the one under way changes', async () => {
  const app = await startOne({ count: 1, env: { GENERATION: '1' } });
  await Promise.all([app.call('reload', { env: { GENERATION: '2' } }), app.call('reload')]);
  const [worker] = await app.workers();
  expect(await booted(app, worker)).toMatchObject({ generation: '2' });
});

test('merged reloads: the concurrency counts as well', async () => {
  const app = await startOne({ count: 3 });
  await Promise.all([{}, { concurrency: 2 }, {}].map((options) => app.call('reload', options)));
  const told = app.eventNames().filter((name) => ['fork', 'workerReady'].includes(name));
  // One is the canary; then two at a time.
  expect(told.slice(-4)).toEqual(['fork', 'fork', 'workerReady', 'workerReady']);
});

test('merged reloads: each option counts', async () => {
  const app = await startOne({ count: 1 });
  await Promise.all(
    [{}, { env: { GENERATION: '2' } }, { args: ['--new'] }].map((options) => app.call('reload', options)),
  );
  const [worker] = await app.workers();
  expect(await booted(app, worker)).toMatchObject({ generation: '2', args: ['--new'] });
});

describe('the alone', () => {
  test.each([
    ['alone', 1],
    ['all', 3],
  ])('target %s: the old one has ended before the new one is forked', async (target, changed) => {
    const app = await startOne({ count: 2, alone });
    const before = { alone: await app.call('alone'), workers: await app.workers() };
    const asked = app.call('reload', { target, args: ['--new'] });
    const { pid } = await app.report('alone', (report) => report.pid !== before.alone.pid);
    expect(isAlive(before.alone.pid)).toBe(false);
    const report = await asked;
    expect(report).toMatchObject({ ok: true });
    expect(report.replaced).toHaveLength(changed);
    expect(report.replaced.find(({ slot }) => slot === null)).toMatchObject({ oldPid: before.alone.pid, newPid: pid });
    expect(app.reports('alone')).toHaveLength(2);
    const names = app.eventNames();
    expect(firstOf(names, 'aloneExit')).toBeLessThan(lastOf(names, 'aloneReady'));
    const kept = (await app.workers()).filter((worker) => pids(before.workers).includes(worker.pid));
    expect(kept).toHaveLength(target === 'alone' ? 2 : 0);
  });

  test('messages to it wait meanwhile', async () => {
    const app = await startOne({ count: 1, alone });
    const asked = app.call('reload', { target: 'alone' });
    for (let n = 0; n < 50; n++) app.call('sendmessage', { to: 'alone', action: 'counted', n });
    await asked;
    await app.call('sendmessage', { to: 'alone', action: 'last' });
    await app.report('aloneMessage', ({ message }) => message.action === 'last');
    const counted = app.reports('aloneMessage').filter(({ message }) => message.action === 'counted');
    expect(counted.map(({ message }) => message.n).sort((a, b) => a - b)).toEqual(
      Array.from({ length: 50 }, (_, n) => n),
    );
    expect(app.events('undeliverable')).toEqual([]);
  });
});

describe('SIGHUP', () => {
  test('without a terminal: a reload, and the app lives on', async () => {
    const app = await startOne({ count: 2 }, { detached: true }); // a session of its own: no controlling terminal
    const load = new Load(await app.port(), { keepAlive: true });
    await load.answered(100);
    const before = await app.workers();
    app.kill('SIGHUP');
    await expect(app.event('reload')).resolves.toMatchObject([{ ok: true }]);
    expect(pids(await app.workers()).filter((pid) => pids(before).includes(pid))).toEqual([]);
    const results = await load.stop();
    expect(results.filter(({ status }) => status !== 200)).toEqual([]);
    expect(app.process.exitCode).toBeNull();
  });

  /** Runs what follows with a controlling terminal, of which it holds the other end itself. */
  const withTerminal = [
    'python3',
    '-c',
    `
import fcntl, os, pty, sys, termios
other, terminal = pty.openpty()
os.setsid()
fcntl.ioctl(terminal, termios.TIOCSCTTY, 0)
os.set_inheritable(other, True)
os.execvp(sys.argv[1], sys.argv[1:])`,
  ];

  test('with a terminal, which was closed: an orderly end', async () => {
    const app = await startOne({ count: 2 }, { command: withTerminal });
    app.kill('SIGHUP');
    await expect(app.gone).resolves.toEqual({ code: 0, signal: null });
    expect(app.events('exit').map(([, code, signal]) => [code, signal])).toEqual([
      [0, null],
      [0, null],
    ]);
    expect(app.events('reload')).toEqual([]);
  });
});
