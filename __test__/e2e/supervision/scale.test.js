'use strict';

const { test } = require('../support/at-once');
const { launch, start, fixture } = require('../support/cluster');
const { request, requests } = require('../support/client');
const { Load } = require('../support/load');
const { isAlive } = require('../support/processes');
const { until } = require('../support/until');

const slots = (workers) => workers.map(({ slot }) => slot).sort((a, b) => a - b);
const upTo = (count) => Array.from({ length: count }, (_, i) => i + 1);

async function expectSize(app, count) {
  const workers = await app.workers();
  expect(slots(workers)).toEqual(upTo(count));
  expect(workers.map(({ state }) => state)).toEqual(Array(count).fill('listening'));
  return workers;
}

test.each([[true], [false]])('up and down under load, keep-alive %s: no request fails', async (keepAlive) => {
  const app = await start({ count: 2 });
  const port = await app.port();
  const load = new Load(port, { keepAlive });
  for (const count of [4, 1, 3, 2]) {
    await load.answered(100);
    await app.call('scale', count);
    await expectSize(app, count);
  }
  await load.answered(100);
  const results = await load.stop();
  expect(results.filter(({ status }) => status !== 200)).toEqual([]);
  expect(app.events('unexpectedExit')).toEqual([]);
  const answers = await requests(port, 60, 8);
  expect(new Set(answers.map(({ body }) => body.pid))).toEqual(new Set((await app.workers()).map(({ pid }) => pid)));
});

test('down: those with the highest slots end with exitReason scale; the others are untouched', async () => {
  const app = await start({ count: 3 });
  const before = await app.workers();
  await app.call('scale', 1);
  const [left] = await expectSize(app, 1);
  expect(left.pid).toBe(before.find(({ slot }) => slot === 1).pid);
  const ends = app
    .events('exit')
    .map(([worker, code]) => [worker.slot, worker.exitReason, worker.exitedAfterDisconnect, code]);
  expect(ends.sort()).toEqual([
    [2, 'scale', true, 0],
    [3, 'scale', true, 0],
  ]);
  expect(app.events('fork')).toHaveLength(3);
});

test('a worker that is too many answers what it has before it ends', async () => {
  const app = await start({ count: 2 });
  const surplus = (await app.workers()).find(({ slot }) => slot === 2);
  const port = await app.port();
  const asked = Array.from({ length: 8 }, () => request(port, '/slow?ms=700'));
  const taken = await app.reported('slow', 8);
  expect(taken.some(({ pid }) => pid === surplus.pid)).toBe(true);
  await app.call('scale', 1);
  expect(isAlive(surplus.pid)).toBe(false);
  const answers = await Promise.all(asked);
  expect(answers.map(({ status }) => status)).toEqual(Array(8).fill(200));
});

test('it holds for what comes later: a slot that is left is filled again, one that is gone is not', async () => {
  const app = await start({ count: 3 });
  await app.call('scale', 2);
  for (const { pid } of await app.workers()) process.kill(pid, 'SIGKILL');
  await until(async () => (await app.workers()).filter(({ state }) => state === 'listening').length === 2);
  await app.call('reload');
  await expectSize(app, 2);
  expect((await app.call('stats')).workers).toMatchObject({ listening: 2, starting: 0, draining: 0 });
});

const superseded = { status: 'rejected', reason: expect.objectContaining({ code: 'ERR_SCALE_SUPERSEDED' }) };
const done = { status: 'fulfilled', value: null };

test('several at once: the last one counts, and each caller has an answer of its own', async () => {
  const app = await start({ count: 2 });
  const answers = await Promise.allSettled([5, 1, 4, 3, 3].map((count) => app.call('scale', count)));
  expect(answers).toEqual([superseded, superseded, superseded, done, done]);
  expect(answers[0].reason.message).toContain('scale(1)');
  await expectSize(app, 3);
});

test('refork: false: a slot that is empty is said, with what its worker died of', async () => {
  const app = await start({ count: 2, refork: false });
  const victim = (await app.workers()).find(({ slot }) => slot === 1);
  process.kill(victim.pid, 'SIGKILL');
  await app.event('exit');
  const error = await app.call('scale', 3).catch((reason) => reason);
  expect(error).toMatchObject({
    code: 'ERR_SCALE_FAILED',
    message: expect.stringMatching(/slot 1 .*refork: false.*SIGKILL/),
  });
  await expect(app.call('scale', 3)).rejects.toMatchObject({ code: 'ERR_SCALE_FAILED' });
});

test('a slot that always fails: it rejects when its limit is over, with the error', async () => {
  const app = await start({ count: 1, limit: 1, exec: fixture('workers/first-slot-only.js') });
  const error = await app.call('scale', 2).catch((reason) => reason);
  expect(error).toMatchObject({
    code: 'ERR_SCALE_FAILED',
    message: expect.stringMatching(/slot 2 .*limit.*only slot 1/),
  });
  await app.call('scale', 1);
  await expectSize(app, 1);
});

test('before it is ready, and after it was closed: it rejects', async () => {
  const app = launch({ count: 1 }, { api: 'createCluster' });
  const refused = { code: 'ERR_NOT_RUNNING' };
  await expect(app.call('scale', 2)).rejects.toMatchObject(refused);
  const started = app.call('start');
  await expect(app.call('scale', 2)).rejects.toMatchObject(refused);
  await started;
  await expect(app.call('closeThen', 'scale', 2)).rejects.toMatchObject(refused);
});

test('up again while a worker that is too many still finishes: when it is done nobody is too many', async () => {
  const app = await start({ count: 2 });
  const port = await app.port();
  const asked = Array.from({ length: 8 }, () => request(port, '/slow?ms=1500'));
  await app.reported('slow', 8);
  await expect(Promise.allSettled([app.call('scale', 1), app.call('scale', 2)])).resolves.toEqual([superseded, done]);
  await expectSize(app, 2);
  const answers = await Promise.all(asked);
  expect(answers.map(({ status }) => status)).toEqual(Array(8).fill(200));
});

test('during a reload: every slot has the new version, and as many as asked for', async () => {
  for (const count of [1, 5]) {
    const app = await start({ count: 3, exec: fixture('workers/generation.js'), minUptime: 500 });
    const known = new Set((await app.workers()).map(({ id }) => id));
    const asked = app.call('reload', { env: { GENERATION: 'new' } });
    await app.event('fork', ({ id }) => !known.has(id));
    const [report] = await Promise.all([asked, app.call('scale', count)]);
    expect(report.ok).toBe(true);
    await app.call('scale', count); // what the reload left finishes
    for (const { pid } of await expectSize(app, count)) {
      expect(await app.report('booted', (booted) => booted.pid === pid)).toMatchObject({ generation: 'new' });
    }
  }
});

test('what is no number of workers is refused, and nothing happens', async () => {
  const app = await start({ count: 1 });
  for (const count of [0, -1, 1.5, '2', null, {}]) {
    const refused = await app.call('scale', count).catch((error) => error);
    expect([count, refused]).toEqual([
      count,
      expect.objectContaining({ code: 'ERR_SCALE_INVALID', message: expect.stringContaining('scale()') }),
    ]);
  }
  await expectSize(app, 1);
});

test('in development: refused', async () => {
  const app = await start({ mode: 'development' });
  await expect(app.call('scale', 2)).rejects.toMatchObject({ code: 'ERR_DEVELOPMENT' });
  await expectSize(app, 1);
});

test('close() before it is done: it rejects', async () => {
  const app = await start({ count: 1 });
  const asked = app.call('scale', 8);
  await app.event('fork', ({ slot }) => slot === 8);
  const closed = app.call('close');
  await expect(asked).rejects.toMatchObject({ code: 'ERR_CLOSED' });
  await closed;
});
