'use strict';
// The worker that is chosen at random: where it hears of it, and what a job costs that kills whoever does it.

const { test } = require('../support/at-once');
const { start, fixture } = require('../support/cluster');
const { script } = require('../support/files');

const fixtures = JSON.stringify(fixture('.'));
const head = `const report = require(${fixtures} + '/report.js'); const cluster = require('node:cluster');`;
const listen = `require('node:http').createServer().listen(0);`;

/** Reports what the listeners of cluster.worker and of process get, and does what fixtures/control.js knows. */
const both = () =>
  script(`${head}
    require(${fixtures} + '/control.js');
    cluster.worker.on('message', (message) => report('worker', { message }));
    process.on('message', (message) => report('process', { message }));
    ${listen}`);

const actionsOf = (app, kind) => app.reports(kind).map(({ message }) => message.action);

/** Resolves once every worker has handled what it was sent before. */
async function settled(app) {
  const workers = await app.workers();
  await app.call('sendmessage', { to: 'worker', type: 'all', action: 'last' });
  await app.event(
    'report',
    () => actionsOf(app, 'process').filter((action) => action === 'last').length === workers.length,
  );
}

describe.each(['json', 'advanced'])('serialization: %s', (serialization) => {
  test('it reaches the listeners of cluster.worker, and not those of process', async () => {
    const app = await start({ exec: both(), serialization });
    await app.reported('worker', 2);
    const chosen = await app.call('randomWorker', { action: 'job', list: [1] });
    const { pid, message } = await app.report('worker', (told) => told.message.action === 'job');
    expect(pid).toBe(chosen.pid);
    expect(message).toEqual({
      from: 'app',
      to: 'worker',
      action: 'job',
      list: [1],
      worker_id: chosen.id,
      worker_pid: pid,
    });
    await settled(app);
    expect(actionsOf(app, 'worker').slice(0, 3)).toEqual(['random-worker', 'random-select-worker', 'job']);
    expect(actionsOf(app, 'process')).toEqual(['last', 'last']);
  });

  test('its message arrives as it is; what the app cannot add fields to, or is too large, is refused', async () => {
    const app = await start({ exec: both(), count: 1, serialization, maxMessageBytes: 64 * 1024 });
    const nested = JSON.parse('['.repeat(500) + ']'.repeat(500));
    const fields = { action: 'job', half: 'ab😀'.slice(0, 3), number: 0.1 + 0.2, nested };
    await app.call('randomWorker', fields);
    const { message } = await app.report('worker', (told) => told.message.action === 'job');
    expect(message).toMatchObject(fields);
    const codeOf = (value) => app.call('randomWorker', value).catch(({ code }) => code);
    for (const wrong of ['text', [1], null, { ['ab😀'.slice(0, 3)]: 1 }])
      await expect(codeOf(wrong)).resolves.toBe('ERR_MESSAGE_INVALID');
    await expect(codeOf({ text: 'x'.repeat(65 * 1024) })).resolves.toBe('ERR_MESSAGE_TOO_LARGE');
  });

  test("randomWorker: 'process': those of process as well", async () => {
    const app = await start({ exec: both(), serialization, randomWorker: 'process' });
    await app.reported('process', 2);
    await app.call('randomWorker', { action: 'job' });
    await app.reported('process', 3);
    await settled(app);
    const expected = ['random-worker', 'random-select-worker', 'job', 'last', 'last'];
    expect(actionsOf(app, 'process')).toEqual(expected);
    expect(actionsOf(app, 'worker')).toEqual(expected);
  });

  test('randomWorker: false: only when the app asks', async () => {
    const app = await start({ exec: both(), serialization, randomWorker: false });
    const { id, pid } = await app.call('randomWorker');
    const { message } = await app.report('worker', (told) => told.pid === pid);
    expect(message).toEqual({ from: 'app', to: 'worker', action: 'random-worker', worker_id: id, worker_pid: pid });
    await settled(app);
    expect(actionsOf(app, 'worker')).toEqual(['random-worker', 'last', 'last']);
    expect(actionsOf(app, 'process')).toEqual(['last', 'last']);
  });
});

test('an ES module that listens late gets what came before, the newest 16, in order', async () => {
  const exec = script(
    `import { createRequire } from 'node:module';
     import { once } from 'node:events';
     import cluster from 'node:cluster';
     const report = createRequire(import.meta.url)(${fixtures} + '/report.js');
     const asked = once(process, 'message');
     report('waiting');
     await asked;
     cluster.worker.on('message', (message) => report('worker', { message }));
     setInterval(() => {}, 1000);`,
    'late.mjs',
  );
  const app = await start({ exec, count: 1, ready: 'online' });
  await app.report('waiting');
  const listenNow = () => app.call('sendmessage', { to: 'worker', action: 'listen now' });
  for (let i = 0; i < 15; i++) await app.call('randomWorker', { action: 'job', i });
  await listenNow();
  const told = await app.reported('worker', 16);
  expect(told.map(({ message }) => message.action)).toEqual(['random-select-worker', ...Array(15).fill('job')]);
  expect(told.slice(1).map(({ message }) => message.i)).toEqual(Array.from({ length: 15 }, (_, i) => i));
});

test('a handler that throws for what it does not know: no worker dies', async () => {
  const exec = script(`${head}
    process.on('message', ({ action }) => {
      if (action !== 'last') throw new Error('unknown message: ' + action);
      report('process', { message: { action } });
    });
    ${listen}`);
  const app = await start({ exec });
  expect(await app.call('randomWorker')).not.toBeNull();
  await settled(app);
  expect(app.events('exit')).toEqual([]);
  expect(app.events('error')).toEqual([]);
});

test('a job that kills whoever does it: never two deaths within 10 s, and the cluster stays up', async () => {
  const exec = script(`${head}
    process.on('message', ({ action }) => {
      if (action !== 'random-worker') return;
      report('dies', { at: Number(process.hrtime.bigint() / 1000n) / 1000 });
      process.exit(1);
    });
    ${listen}`);
  // One that has not stayed for minUptime is not chosen, so that limit (1 s here) is never used up.
  const app = await start({ exec, count: 1, randomWorker: 'process', limit: 1 });
  const [first, second] = await app.reported('dies', 2);
  expect(second.at - first.at).toBeGreaterThanOrEqual(10_000);
  await app.event('exit', () => app.events('exit').length === 2);
  await app.event('workerReady', () => app.events('workerReady').length === 3);
  expect(app.events('exception')).toEqual([]);
  await app.call('close');
  await expect(app.exited).resolves.toEqual({ code: 0, signal: null });
});
