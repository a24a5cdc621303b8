'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { setTimeout: later } = require('node:timers/promises');
const { test } = require('../support/at-once');
const { launch, start } = require('../support/cluster');
const { request, requests } = require('../support/client');
const { folder, script } = require('../support/files');
const { until } = require('../support/until');

/** Resolves when another worker listens in the slot of `worker`. */
async function replaced(app, worker) {
  const [successor] = await app.event('fork', (other) => other.slot === worker.slot && other.id !== worker.id);
  await app.event('listening', (other) => other.id === successor.id);
  return successor;
}

test('a blocked worker is found out, replaced at once, and ends by SIGKILL', async () => {
  const app = await start({ count: 2, hangTimeout: 1000, killTimeout: 1500 });
  const [stuck] = await app.workers();
  // On a busy machine others may be silent for as long.
  const isStuck = ({ id }) => id === stuck.id;
  await app.control(stuck, 'loop');
  const [, evidence] = await app.event('hang', isStuck);
  expect(evidence).toMatchObject({ state: 'blocked' });
  expect(evidence.silentFor).toBeGreaterThanOrEqual(1000);
  await replaced(app, stuck);
  const [, code, signal] = await app.event('unexpectedExit', isStuck);
  expect([code, signal]).toEqual([null, 'SIGKILL']);
  expect(app.events('hang').filter(([worker]) => isStuck(worker))).toHaveLength(1);
});

test('a stopped worker is told from a blocked one', async () => {
  const app = await start({ count: 2, hangTimeout: 1000, killTimeout: 1500 });
  const [stopped] = await app.workers();
  process.kill(stopped.pid, 'SIGSTOP');
  const [, evidence] = await app.event('hang', ({ id }) => id === stopped.id);
  expect(evidence.state).toBe('stopped');
  await replaced(app, stopped);
  await app.event('exit', (other) => other.id === stopped.id);
});

test('a worker that wakes up in time to hear SIGTERM finishes by itself', async () => {
  const app = await start({ count: 2, hangTimeout: 1000 });
  const [slow] = await app.workers();
  await app.control(slow, 'blockFor', { ms: 2500 });
  await app.event('hang', ({ id }) => id === slow.id);
  const [, code, signal] = await app.event('exit', ({ id }) => id === slow.id);
  expect([code, signal]).toEqual([0, null]);
});

test('a debugger is no hang', async () => {
  const app = await start({ count: 1, hangTimeout: 1000, execArgv: ['--inspect=0'] });
  const [debugged] = await app.workers();
  await app.control(debugged, 'blockFor', { ms: 3000 });
  await app.report('blocked');
  expect(app.events('hang')).toEqual([]);
  expect((await app.workers())[0].id).toBe(debugged.id);
});

test('a worker over maxMemory works until its successor listens', async () => {
  const app = await start({ count: 2, maxMemory: '200M' });
  const [large, small] = await app.workers();
  await app.control(large, 'grow', { bytes: 250 * 1024 * 1024 });
  const successor = await replaced(app, large);
  const [worker, code, signal] = await app.event('exit');
  expect([worker.id, worker.exitReason, code, signal]).toEqual([large.id, 'maxMemory', 0, null]);
  expect(app.events('unexpectedExit')).toEqual([]);
  const pids = new Set((await requests(await app.port(), 100, 8)).map(({ body }) => body.pid));
  expect([...pids].sort()).toEqual([small.pid, successor.pid].sort());
});

// SIGSTOP stands for a machine that is moved, a processor that others take.
test('an app that stood still for longer than startTimeout hears first that its worker was ready in time', async () => {
  const gate = path.join(folder(), 'gate');
  const exec = script(`
    const fs = require('node:fs');
    const closed = setInterval(() => {
      if (!fs.existsSync(process.env.GATE)) return;
      clearInterval(closed);
      process.send('ready', () => fs.writeFileSync(process.env.GATE + '.told', ''));
      setInterval(() => {}, 1000);
    }, 5);
  `);
  const startTimeout = 3000;
  const app = launch({ exec, ready: 'message', count: 1, startTimeout, env: { GATE: gate } });
  await app.event('online');
  app.kill('SIGSTOP');
  fs.writeFileSync(gate, '');
  await until(() => fs.existsSync(`${gate}.told`));
  await later(startTimeout);
  app.kill('SIGCONT');
  await app.event('started');
  expect(app.events('exit')).toEqual([]);
});

describe('where the app and its workers stand still together (as by `docker pause`), longer than they have time', () => {
  const LATE = 1500;

  /** Both, for so long. */
  async function standStill(app, pids, ms) {
    for (const pid of [app.pid, ...pids]) process.kill(pid, 'SIGSTOP');
    await later(ms);
    for (const pid of [app.pid, ...pids]) process.kill(pid, 'SIGCONT');
  }

  test('a worker that boots goes on', async () => {
    const gate = path.join(folder(), 'gate');
    const exec = script(`
      const closed = setInterval(() => {
        if (!require('fs').existsSync(process.env.GATE)) return;
        clearInterval(closed);
        require('http').createServer().listen(0);
      }, 5);
    `);
    const startTimeout = 3000;
    const app = launch({ exec, count: 1, startTimeout, env: { GATE: gate } });
    const [worker] = await app.event('online');
    await standStill(app, [worker.pid], startTimeout + LATE);
    fs.writeFileSync(gate, '');
    await app.event('started');
    expect(app.events('exit')).toEqual([]);
  });

  test('a worker that drains answers its request', async () => {
    const killTimeout = 3000;
    const exec = script(`
      process.on('yunfly:drain', () => process.send('drains'));
      require('http').createServer((_, answer) => {
        setTimeout(() => answer.end('answered'), ${killTimeout + LATE + 500});
        process.send('asked');
      }).listen(0);
    `);
    const app = await start({ exec, count: 1, killTimeout });
    const [worker] = await app.workers();
    const answer = request(await app.port());
    await app.event('message', (_from, message) => message === 'asked');
    const closed = app.call('close');
    await app.event('message', (_from, message) => message === 'drains');
    await standStill(app, [worker.pid], killTimeout + LATE);
    await expect(answer).resolves.toMatchObject({ text: 'answered' });
    await closed;
    expect(app.events('exit').map(([, code, signal]) => [code, signal])).toEqual([[0, null]]);
  });
});
