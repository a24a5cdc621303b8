'use strict';

const net = require('node:net');
const { once } = require('node:events');
const { launch, fixture, runtime } = require('../support/cluster');
const { script, scripts } = require('../support/files');

const idle = 'setInterval(() => {}, 1000);';

/** The error of a start that must fail. The app itself lives, has no other process left, and so ends with code 1. */
async function failure(config) {
  const app = launch(config);
  const [error] = await app.event('rejected');
  expect(app.processes().length).toBeLessThanOrEqual(1);
  await expect(app.gone).resolves.toEqual({ code: 1, signal: null });
  expect(error).toMatchObject({ name: 'ClusterError', code: 'ERR_START_FAILED' });
  expect(app.events('ready')).toEqual([]);
  return { error, app };
}

test('a worker that throws while it loads: its own error is the cause', async () => {
  const exec = script(`throw Object.assign(new TypeError('no database'), { code: 'E_DB' });`);
  const { error } = await failure({ exec });
  expect(error.cause).toMatchObject({ name: 'TypeError', message: 'no database', code: 'E_DB' });
  expect(error.cause.stack).toContain(exec);
  expect(error.message).toContain('no database');
});

test('a worker with a syntax error: Node prints its code frame, the error names the cause', async () => {
  const exec = script('const a = ;');
  const { error, app } = await failure({ exec });
  expect(error.cause.name).toBe('SyntaxError');
  await app.wrote('const a = ;');
});

test('a worker that rejects without a handler', async () => {
  const { error } = await failure({ exec: script(`Promise.reject(new Error('nobody caught it'));${idle}`) });
  expect(error.cause.message).toBe('nobody caught it');
});

test('a worker that exits: its code is told', async () => {
  const { error } = await failure({ exec: script('process.exit(7)') });
  expect(error.message).toMatch(/\b7\b/);
  expect(error.message).toContain('worker');
});

test('a worker that is killed: the signal is told', async () => {
  const { error } = await failure({ exec: script(`process.kill(process.pid, 'SIGKILL')`) });
  expect(error.message).toContain('SIGKILL');
});

/** A `startTimeout` after which Node itself has started, on a busy machine, too. */
const STARTED = 3000;

/** It has shutdown code of its own. */
const graceful = `
  const report = require(${JSON.stringify(fixture('report.js'))});
  process.on('yunfly:drain', ({ reason }) => report('drain', { reason }));
  process.on('SIGTERM', () => { report('stopped'); process.exit(3); });`;

test('a worker that is never ready: startTimeout; it ends in good order', async () => {
  const begin = Date.now();
  const { error, app } = await failure({ exec: script(graceful + idle), startTimeout: STARTED, count: 1 });
  expect(Date.now() - begin).toBeGreaterThanOrEqual(STARTED);
  expect(error.message).toContain(String(STARTED));
  expect(error.message).toContain('startTimeout');
  await expect(app.report('drain')).resolves.toMatchObject({ reason: 'startTimeout' });
  await app.report('stopped');
  const [worker, ...how] = await app.event('exit');
  expect([worker.exitReason, ...how]).toEqual(['startTimeout', 3, null]);
});

test('one that does not answer either is killed', async () => {
  const { app } = await failure({ exec: script('for (;;);'), startTimeout: STARTED, count: 1 });
  const [worker, ...how] = await app.event('exit');
  expect([worker.exitReason, ...how]).toEqual(['startTimeout', null, 'SIGKILL']);
});

test('one bad worker of three stops the other two', async () => {
  const exec = script(`
    if (process.env.NODE_APP_INSTANCE === '2') throw new Error('third');
    require('node:http').createServer().listen(0);
  `);
  const { error, app } = await failure({ exec, count: 3 });
  expect(error.cause.message).toBe('third');
  expect(app.events('exit')).toHaveLength(3);
});

test('the port is taken: EADDRINUSE is the cause', async () => {
  const holder = net.createServer().listen(0);
  await once(holder, 'listening');
  const { port } = holder.address();
  const { error } = await failure({ env: { PORT: String(port) } });
  expect(error.cause).toMatchObject({ code: 'EADDRINUSE' });
  expect(error.cause.message).toContain(String(port));
  holder.close();
});

test('an execPath flag that node does not know', async () => {
  const { error } = await failure({ execArgv: ['--no-such-flag'] });
  expect(error.message).toMatch(/\b9\b/); // Node's exit code for an invalid argument
});

describe('alone', () => {
  test.each([
    ['throws while it loads', `throw new RangeError('alone is broken')`],
    ['has a function that throws', `module.exports = () => { throw new RangeError('alone is broken') }`],
    ['has a function that rejects', `module.exports = async () => { throw new RangeError('alone is broken') }`],
  ])('%s: no worker is forked', async (_case, source) => {
    const { error, app } = await failure({ alone: script(source) });
    expect(error.cause).toMatchObject({ name: 'RangeError', message: 'alone is broken' });
    expect(app.events('fork')).toEqual([]);
  });

  test('a file without a function is named', async () => {
    const alone = scripts({ 'good.js': 'module.exports = () => {}', 'table.js': 'module.exports = { a: 1 }' });
    const { error } = await failure({ alone });
    expect(error.message + error.cause?.message).toContain('table.js');
  });

  test('exits', async () => {
    const { error } = await failure({ alone: script('process.exit(5)') });
    expect(error.message).toMatch(/\b5\b/);
    expect(error.message).toContain('alone');
  });

  test('is never ready: startTimeout', async () => {
    const begin = Date.now();
    const { error, app } = await failure({
      alone: script(`${graceful} module.exports = () => new Promise(() => {})`),
      startTimeout: STARTED,
    });
    expect(Date.now() - begin).toBeGreaterThanOrEqual(STARTED);
    expect(error.message).toContain('alone');
    await app.report('stopped');
    const [, ...how] = await app.event('aloneExit');
    expect(how).toEqual([3, null]);
  });

  test('is ended when a worker fails', async () => {
    const { error, app } = await failure({ alone: fixture('alone/reporting.js'), exec: script('process.exit(7)') });
    expect(error.message).toMatch(/\b7\b/);
    expect(app.events('aloneExit')).toHaveLength(1);
  });
});

test('without a callback as well, a failure that was caught ends nothing', async () => {
  const config = { exec: script(`throw new Error('bad');`), alone: false, count: 1, mode: 'production' };
  const app = launch(
    {},
    {
      commandLine: [
        runtime,
        script(`
        const report = require(${JSON.stringify(fixture('report.js'))});
        const { startCluster } = require(${JSON.stringify(require.resolve('../../..'))});
        startCluster(${JSON.stringify(config)}).catch(({ code }) => {
          report('caught', { code });
          // Unhandled rejections are told before the timers' turn.
          setTimeout(() => report('alive'), 1);
        });`),
      ],
    },
  );
  await expect(app.report('caught')).resolves.toMatchObject({ code: 'ERR_START_FAILED' });
  await app.report('alive');
  await expect(app.gone).resolves.toEqual({ code: 0, signal: null });
});
