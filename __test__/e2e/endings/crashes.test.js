'use strict';
// An exception that nobody catches: who waits for what, and how many processes there are.

const { test } = require('../support/at-once');
const { start, fixture } = require('../support/cluster');
const { request } = require('../support/client');
const { until } = require('../support/until');

const exec = fixture('endings/crashing.js');
const outcome = (promise) =>
  promise.then(
    ({ status }) => status,
    ({ code }) => code,
  );

test("a listener that throws: its client hears at once, the worker's other requests are answered", async () => {
  const app = await start({ exec, count: 1, crashTimeout: 8000 });
  const port = await app.port();
  const slow = request(port, '/slow?ms=2000');
  await app.report('slow');
  await expect(outcome(request(port, '/throw'))).resolves.toBe('ECONNRESET');
  expect(app.reports('answered')).toEqual([]);
  await expect(outcome(slow)).resolves.toBe(200);
});

test("shutdown code, which is not called after a crash, takes no time from the worker's other requests", async () => {
  const app = await start({ exec, count: 1, crashTimeout: 10_000, env: { LISTENS: 'yes' } });
  const port = await app.port();
  const slow = request(port, '/slow?ms=8000');
  await app.report('slow');
  await expect(outcome(request(port, '/throw'))).resolves.toBe('ECONNRESET');
  await expect(outcome(slow)).resolves.toBe(200);
});

test('what throws elsewhere: its client hears when crashTimeout is over', async () => {
  const app = await start({ exec, count: 1, crashTimeout: 5000 });
  const port = await app.port();
  const begin = Date.now();
  await expect(outcome(request(port, '/later'))).resolves.toBe('ECONNRESET');
  expect(Date.now() - begin).toBeGreaterThanOrEqual(4000);
  const [{ exitReason }, code, signal] = await app.event('exit');
  expect([exitReason, code, signal]).toEqual(['uncaughtException', 1, null]);
});

test('with Sentry the exception is told, the worker ends by it and is replaced', async () => {
  const app = await start({ exec, count: 1, crashTimeout: 5000, env: { SENTRY: '1' } });
  const [victim] = await app.workers();
  await outcome(request(await app.port(), '/later'));
  const [, code] = await app.event('exit', ({ id }) => id === victim.id);
  expect(code).toBe(1);
  await app.report('captured');
  await app.event('listening', ({ id }) => id !== victim.id);
});

/** The most workers that were alive at a time. */
function mostAlive(app) {
  let alive = 0;
  let most = 0;
  for (const { name } of app.history()) {
    if (name === 'fork') most = Math.max(most, ++alive);
    if (name === 'exit') alive -= 1;
  }
  return most;
}

test('crash after crash: never more than two workers for each slot, and limit is not used up', async () => {
  const app = await start({ exec, count: 2, limit: 2, crashTimeout: 2000, minUptime: 10_000 });
  const port = await app.port();
  const begin = Date.now();
  while (Date.now() - begin < 4000) {
    const crashed = app.events('fork').length;
    request(port, '/later').catch(() => {});
    await app.event('fork', () => app.events('fork').length > crashed);
  }
  expect(mostAlive(app)).toBeGreaterThan(2);
  expect(mostAlive(app)).toBeLessThanOrEqual(4);
  expect(app.events('reachReforkLimit')).toEqual([]);
  expect(app.events('exception')).toEqual([]);
  await until(async () => (await app.workers()).filter(({ state }) => state === 'listening').length === 2);
});

test('SIGTERM after SIGTERM, to workers that do not end: the oldest gets less time', async () => {
  const app = await start({ exec: fixture('endings/logs-only.js'), count: 1, killTimeout: 60_000 });
  for (let round = 1; round <= 3; round++) {
    const [listening] = await app.event('workerReady', ({ id }) => id === round);
    process.kill(listening.pid, 'SIGTERM');
    await app.report('flushed', ({ pid }) => pid === listening.pid);
  }
  await app.event('workerReady', ({ id }) => id === 4);
  expect(mostAlive(app)).toBe(2);
  // Its exit listeners ran.
  const [first] = app.events('exit');
  expect(first.slice(1)).toEqual([0, null]);
  app.kill('SIGKILL');
  for (const { pid } of app.processes()) process.kill(pid, 'SIGKILL');
});

test('a hung worker that is killed with SIGTERM has killTimeout', async () => {
  const app = await start({ count: 1, killTimeout: 1000 });
  const [victim] = await app.workers();
  await app.control(victim, 'block');
  await app.report('blocking');
  await app.call('worker', victim.id, 'kill');
  await app.event('listening', ({ id }) => id !== victim.id);
  const [, code, signal] = await app.event('exit', ({ id }) => id === victim.id);
  expect([code, signal]).toEqual([null, 'SIGKILL']);
});

test.each(['SIGINT', 'SIGQUIT', 'SIGHUP'])(
  '%s to a worker without listeners of its own is not for it',
  async (signal) => {
    const app = await start({ exec, count: 1 });
    const [worker] = await app.workers();
    process.kill(worker.pid, signal);
    await expect(request(await app.port())).resolves.toMatchObject({ status: 200, body: { pid: worker.pid } });
    expect(app.events('fork')).toHaveLength(1);
  },
);
