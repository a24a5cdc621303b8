'use strict';
// An alone that ends soon after each of its starts.

const fs = require('node:fs');
const path = require('node:path');
const { start } = require('../support/cluster');
const { request } = require('../support/client');
const { folder, script } = require('../support/files');

/** A cluster whose alone has just turned bad; `turnGood()` ends that. */
async function startTurned(config) {
  const flag = path.join(folder(), 'bad');
  const alone = script(`
    if (require('node:fs').existsSync(process.env.BAD_FLAG)) process.exit(5);
    module.exports = () => {};`);
  const app = await start({ alone, count: 1, env: { BAD_FLAG: flag }, ...config });
  fs.writeFileSync(flag, '');
  process.kill((await app.call('alone')).pid, 'SIGKILL');
  return { app, turnGood: () => fs.rmSync(flag) };
}

test('it is told when `limit` is over, and the alone is started again until it stays up', async () => {
  const { app, turnGood } = await startTurned({ limit: 1 });
  const [error] = await app.event('aloneReachLimit');
  expect(error).toMatchObject({ name: 'ClusterError', code: 'ERR_ALONE_FAILED' });
  expect(error.message).toMatch(
    /the alone did not stay up within limit \(1 s\)\. .* exited with code 5 before it was ready/,
  );
  const { alone: stats } = await app.call('stats');
  expect(stats).toEqual({
    state: expect.stringMatching(/waiting|starting|draining/),
    restarts: expect.any(Number),
    limitReached: true,
  });
  expect(stats.restarts).toBeGreaterThanOrEqual(2);
  await expect(request(await app.port())).resolves.toMatchObject({ status: 200 });
  await app.wrote('the alone did not stay up');

  turnGood();
  await app.event('aloneReady', ({ id }) => id > 1);
  expect((await app.call('stats')).alone.state).toBe('ready');
  expect(app.events('aloneReachLimit')).toHaveLength(1);
  expect(app.events('exception')).toEqual([]);
});

test('with `aloneLimit` the cluster stops then, and the app exits with 1', async () => {
  const { app } = await startTurned({ aloneLimit: 1 });
  const [error] = await app.event('exception');
  expect(error).toMatchObject({ code: 'ERR_ALONE_FAILED', message: expect.stringContaining('aloneLimit (1 s)') });
  await expect(app.gone).resolves.toEqual({ code: 1, signal: null });
  const told = app.eventNames().filter((name) => ['aloneExit', 'aloneReachLimit', 'exception', 'close'].includes(name));
  expect(told.slice(-4)).toEqual(['aloneExit', 'aloneReachLimit', 'exception', 'close']);
  expect(app.processes()).toEqual([]);
});
