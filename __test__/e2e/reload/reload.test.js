'use strict';

const { start, fixture } = require('../support/cluster');
const { connect, readAll, request, requests } = require('../support/client');
const { Load } = require('../support/load');
const { firstOf } = require('../support/position');
const { isAlive } = require('../support/processes');

const exec = fixture('workers/generation.js');
const minUptime = 300;

const startOne = (config, options) => start({ exec, minUptime, ...config }, options);
const pids = (workers) => workers.map(({ pid }) => pid);
const bySlot = (one, other) => one.slot - other.slot;
/** The `kind` that the process wrote. */
const of = (app, kind, pid) => app.report(kind, (report) => report.pid === pid);

/** Each slot has one worker, and none of them is one of `before`. */
async function expectReplaced(app, before, count) {
  const now = await app.workers();
  expect(now.map(({ slot }) => slot).sort()).toEqual(Array.from({ length: count }, (_, i) => i + 1));
  expect(pids(now).filter((pid) => pids(before).includes(pid))).toEqual([]);
  expect(pids(before).filter(isAlive)).toEqual([]);
  return now;
}

test.each([
  ['auto', true],
  ['auto', false],
  ['round-robin', true],
  ['shared', false],
  ['sticky', false],
])('balance %s, keep-alive %s: three reloads fail no request, and replace every worker', async (balance, keepAlive) => {
  const app = await startOne({ count: 3, balance });
  const load = new Load(await app.port(), { atOnce: 12, keepAlive });
  for (let round = 0; round < 3; round++) {
    await load.answered(200);
    const before = await app.workers();
    await expect(app.call('reload')).resolves.toMatchObject({ ok: true });
    await expectReplaced(app, before, 3);
  }
  await load.answered(200);
  const results = await load.stop();
  expect(results.filter(({ status }) => status !== 200)).toEqual([]);
  expect(app.events('unexpectedExit')).toEqual([]);
});

test('a new worker listens before the old one finishes, and the first one stays minUptime beside it', async () => {
  const app = await startOne({ count: 3 });
  const before = (await app.workers()).sort(bySlot);
  await app.call('reload');
  const after = (await app.workers()).sort(bySlot);
  const waited = (await of(app, 'draining', before[0].pid)).at - (await of(app, 'listened', after[0].pid)).at;
  // Node tells the master first, and then the worker's own listeners, which write this down: a busy machine lets them wait.
  expect(waited).toBeGreaterThan(minUptime / 2);
  const at = (name, { id }) => firstOf(app.history(), (entry) => entry.name === name && entry.args[0].id === id);
  for (const [index, old] of before.entries()) expect(at('listening', after[index])).toBeLessThan(at('exit', old));
  expect(app.reports('draining').map(({ reason }) => reason)).toEqual(Array(3).fill('replace'));
  const ends = app.events('exit').map(([worker, code]) => [worker.exitReason, worker.exitedAfterDisconnect, code]);
  expect(ends).toEqual(Array(3).fill(['reload', true, 0]));
});

/** What happened to the new workers, in order, as `fork 1`, `listening 1`. */
function story(app, before) {
  const known = before.map(({ id }) => id);
  const steps = [];
  for (const {
    name,
    args: [worker],
  } of app.history()) {
    if (['fork', 'listening'].includes(name) && !known.includes(worker.id)) steps.push(`${name} ${worker.slot}`);
  }
  return steps;
}

test('concurrency: one slot after another by default, or so many at a time after the first', async () => {
  const app = await startOne({ count: 3 });
  const before = await app.workers();
  await app.call('reload');
  expect(story(app, before)).toEqual([1, 2, 3].flatMap((slot) => [`fork ${slot}`, `listening ${slot}`]));
  const between = await app.workers();
  await app.call('reload', { concurrency: 2 });
  const steps = story(app, [...before, ...between]);
  expect(steps.slice(0, 4)).toEqual(['fork 1', 'listening 1', 'fork 2', 'fork 3']);
  expect(steps.slice(4).sort()).toEqual(['listening 2', 'listening 3']);
});

test('the report', async () => {
  const app = await startOne({ count: 2 });
  const idle = await connect(await app.port());
  await app.report('connection');
  const before = (await app.workers()).sort(bySlot);
  const held = request(await app.port(), '/held');
  const { pid: busy } = await app.report('slow');
  const report = await app.call('reload');
  const after = (await app.workers()).sort(bySlot);
  const replaced = [...report.replaced].sort(bySlot);
  expect(replaced.map(({ slot, oldPid, newPid }) => [slot, oldPid, newPid])).toEqual(
    before.map(({ slot, pid }, i) => [slot, pid, after[i].pid]),
  );
  for (const { readyAfter, drainedAfter, connections } of replaced) {
    expect(drainedAfter).toBeGreaterThanOrEqual(0);
    expect(readyAfter).toBeGreaterThan(0);
    expect(connections).toBeGreaterThanOrEqual(0);
  }
  await expect(held).resolves.toMatchObject({ status: 200, body: { pid: busy } });
  expect(replaced.reduce((sum, { connections }) => sum + connections, 0)).toBe(2);
  expect(report).toEqual({ ok: true, replaced: report.replaced });
  expect(app.events('reload')).toEqual([[report]]);
  idle.destroy();
});

test('env, exec and args are those of the new generation, of what is forked later and of later reloads', async () => {
  const app = await startOne({ count: 2, exec: fixture('workers/http.js'), env: { GENERATION: '1', SHARED: 'kept' } });
  const expectGeneration = async (workers, generation, args) => {
    for (const { pid, slot } of workers) {
      expect(await of(app, 'booted', pid)).toMatchObject({
        generation,
        shared: 'kept',
        instance: String(slot - 1),
        args,
      });
    }
  };
  await app.call('reload', { exec, args: ['--new'], env: { GENERATION: '2' } });
  const [victim, ...others] = await app.workers();
  await expectGeneration([victim, ...others], '2', ['--new']);
  process.kill(victim.pid, 'SIGKILL');
  const [heir] = await app.event('listening', ({ slot, id }) => slot === victim.slot && id > victim.id);
  await expectGeneration([heir], '2', ['--new']);
  await app.call('reload');
  await expectGeneration(await app.workers(), '2', ['--new']);
  await app.call('reload', { env: { GENERATION: '3' } });
  await expectGeneration(await app.workers(), '3', ['--new']);
});

test('an upgraded connection hears of it by the event yunfly:drain', async () => {
  const app = await startOne({ count: 1 });
  const socket = await connect(await app.port());
  const text = readAll(socket);
  socket.write('GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: lines\r\n\r\n');
  await new Promise((resolve) => socket.once('data', resolve));
  const report = await app.call('reload');
  expect(report.replaced.map(({ connections }) => connections)).toEqual([1]);
  await expect(text).resolves.toMatch(/\r\n\r\ngoing away: replace\n$/);
});

test('after it the new workers serve alone', async () => {
  const app = await startOne({ count: 2 });
  await app.call('reload');
  const answers = await requests(await app.port(), 60, 8);
  expect(new Set(answers.map(({ body }) => body.pid))).toEqual(new Set(pids(await app.workers())));
});
