'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { test } = require('../support/at-once');
const { start, fixture } = require('../support/cluster');
const { request } = require('../support/client');
const { folder } = require('../support/files');

/** A cluster of good workers, and `turnBad()`, after which those in `instances` are bad from their next start on. */
async function startTurning(bad, instances, config, options) {
  const flag = path.join(folder(), 'bad');
  const env = { BAD: bad, BAD_FLAG: flag, BAD_INSTANCES: instances.join() };
  const app = await start({ exec: fixture('workers/turning-bad.js'), env, ...config }, options);
  return { app, turnBad: () => fs.writeFileSync(flag, ''), turnGood: () => fs.rmSync(flag) };
}

/** Bad workers; `startTimeout` is that of the good ones, too, however busy the machine is. */
const kinds = [
  { kind: 'throws as it is loaded', bad: 'throws', reason: 'exit', endings: [[1, null]], cause: 'bad on purpose' },
  {
    kind: 'exits soon after it listens',
    bad: 'exits',
    reason: 'exit',
    endings: [[7, null]],
    cause: 'exited with code 7',
  },
  {
    kind: 'never listens',
    bad: 'silent',
    config: { startTimeout: 2000, limit: 3 },
    reason: 'startTimeout',
    // It has a second to end by itself, in which a busy machine may not come to it.
    endings: [
      [0, null],
      [null, 'SIGKILL'],
    ],
    cause: 'startTimeout',
  },
].map(({ config, ...rest }) => ({ config: { limit: 2, ...config }, ...rest }));

test.each(kinds)(
  'a worker that $kind: the cluster gives up when the limit is over, not before, and exits with 1',
  async ({ bad, config, reason, endings }) => {
    const { app, turnBad } = await startTurning(bad, [0, 1], config);
    await app.call('tellCpuAtExit');
    const good = await app.workers();
    turnBad();
    const before = Date.now();
    for (const { pid } of good) process.kill(pid, 'SIGKILL');
    for (const { id } of good) await app.event('exit', (worker) => worker.id === id);
    const [error] = await app.event('exception');
    expect(Date.now() - before).toBeGreaterThanOrEqual(config.limit * 1000);
    expect(error).toMatchObject({
      name: 'ClusterError',
      code: 'ERR_NO_WORKERS',
      message: expect.stringContaining(`limit (${config.limit} s)`),
    });
    await expect(app.gone).resolves.toEqual({ code: 1, signal: null });
    expect(app.processes()).toEqual([]);

    const forks = app.events('fork').map(([worker]) => worker);
    const attempts = forks.slice(good.length);
    expect(attempts.length).toBeGreaterThanOrEqual(good.length);
    const ends = app.events('exit').filter(([worker]) => attempts.some(({ id }) => id === worker.id));
    for (const [worker, ...how] of ends) {
      // The last one of each slot may end just when the cluster does.
      const isLast = !attempts.some(({ id, slot }) => slot === worker.slot && id > worker.id);
      const reasons = isLast ? [reason, 'shutdown'] : [reason];
      expect(reasons).toContain(worker.exitReason);
      expect(endings).toContainEqual(how);
    }
    expect(ends).toHaveLength(attempts.length);
    if (bad === 'throws') await app.wrote('Error: bad on purpose');

    const [{ user, system }] = await app.event('cpu');
    expect(user + system).toBeLessThan(1_000_000);
  },
);

test.each(kinds)('a worker that $kind: the error names the cause', async ({ bad, config, cause }) => {
  const { app, turnBad } = await startTurning(bad, [0], { count: 1, ...config });
  turnBad();
  process.kill((await app.workers())[0].pid, 'SIGKILL');
  const [error] = await app.event('exception');
  expect(`${error.message} ${error.cause?.message}`).toContain(cause);
});

test.each(kinds)(
  'a worker that $kind, in one slot: it is given up for the time being, tried once each limit, and the cluster lives on',
  async ({ bad, config }) => {
    const { app, turnBad, turnGood } = await startTurning(bad, [1], config);
    const [good, victim] = await app.workers();
    turnBad();
    const before = Date.now();
    process.kill(victim.pid, 'SIGKILL');
    await expect(app.event('reachReforkLimit')).resolves.toEqual([victim.slot]);
    const given = app.events('fork').length;
    const [last] = app.events('fork').at(-1);
    await app.event('exit', ({ id }) => id === last.id);
    await expect(request(await app.port())).resolves.toMatchObject({ status: 200, text: 'good' });
    expect(await app.workers()).toEqual([expect.objectContaining({ id: good.id, state: 'listening' })]);

    turnGood();
    const [successor] = await app.event('listening', ({ id, slot }) => slot === victim.slot && isAfter(app, given, id));
    const limits = (Date.now() - before) / (config.limit * 1000);
    expect(limits).toBeGreaterThanOrEqual(2);
    // One try in the second, and one in each that went by beside.
    expect(app.events('fork').length - given).toBeLessThan(limits);
    expect((await app.workers()).map(({ id }) => id)).toEqual([good.id, successor.id]);
    expect(app.events('reachReforkLimit')).toHaveLength(1);
    expect(app.events('exception')).toEqual([]);
  },
);

test('a limit of less than a second is told as it is', async () => {
  const { app, turnBad } = await startTurning('throws', [0], { count: 1, limit: 0.5 });
  turnBad();
  process.kill((await app.workers())[0].pid, 'SIGKILL');
  const [error] = await app.event('exception');
  expect(error.message).toContain('limit (0.5 s)');
});

test('with `handleSignals: false` the app lives on; its exit code is 1', async () => {
  const config = { count: 1, limit: 0.5, handleSignals: false };
  const { app, turnBad } = await startTurning('throws', [0], config, { script: fixture('own-signals-app.js') });
  turnBad();
  process.kill((await app.workers())[0].pid, 'SIGKILL');
  await app.event('exception');
  await app.event('close');
  await expect(app.call('title')).resolves.toBeTruthy();
  app.call('exit').catch(() => {});
  await expect(app.gone).resolves.toEqual({ code: 1, signal: null });
});

/** Whether this worker was forked after the first `count` ones. */
function isAfter(app, count, id) {
  return app
    .events('fork')
    .slice(count)
    .some(([worker]) => worker.id === id);
}
