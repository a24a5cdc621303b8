'use strict';

const { once } = require('node:events');
const net = require('node:net');
const { setTimeout: delay } = require('node:timers/promises');
const { test } = require('../support/at-once');
const { launch, start, fixture } = require('../support/cluster');
const { request } = require('../support/client');
const { closeAtEnd } = require('../support/scope');

const alone = fixture('alone/reporting.js');

/** Has a worker start a process of its own; `ended` resolves when that process is gone: its connection is closed. It resolves with what it
 *  has said. */
async function descendant(app, worker, details) {
  const server = closeAtEnd(net.createServer().listen(0, '127.0.0.1'));
  await once(server, 'listening');
  const connected = once(server, 'connection');
  await app.control(worker, 'spawnDescendant', { port: server.address().port, ...details });
  const [socket] = await connected;
  socket.on('error', () => {}); // a reset ends it as well
  let said = '';
  socket.on('data', (data) => (said += data));
  return { ended: new Promise((resolve) => socket.on('close', () => resolve(said))) };
}

test.each([
  ['is killed', (app, worker) => process.kill(worker.pid, 'SIGKILL')],
  ['gets SIGTERM', (app, worker) => process.kill(worker.pid, 'SIGTERM')],
  ['exits', (app, worker) => app.control(worker, 'exit', { code: 0 })],
  ['throws', (app, worker) => app.control(worker, 'throw', { message: 'thrown on purpose' })],
  ['disconnects', (app, worker) => app.control(worker, 'disconnect')],
])("a worker's own child process ends with it when it %s", async (_name, end) => {
  // Short: as under node:cluster, one that disconnects does not exit as long as its child lives.
  const app = await start({ count: 2, killTimeout: 1000 });
  const [worker] = await app.workers();
  const child = await descendant(app, worker);
  await end(app, worker);
  await child.ended;
  const [exited] = await app.event('exit');
  expect(exited.id).toBe(worker.id);
});

test('they get SIGTERM, and SIGKILL a second later', async () => {
  const app = await start({ count: 1 });
  const [worker] = await app.workers();
  const [obeys, ignores] = [await descendant(app, worker, { obeys: true }), await descendant(app, worker)];
  const begin = Date.now();
  process.kill(worker.pid, 'SIGKILL');
  await expect(obeys.ended).resolves.toBe('SIGTERM');
  await expect(ignores.ended).resolves.toBe('');
  expect(Date.now() - begin).toBeGreaterThanOrEqual(1000);
});

test('at the end of the cluster all of them end', async () => {
  const app = await start({ count: 2 });
  const workers = await app.workers();
  const children = await Promise.all([
    ...workers.map((worker) => descendant(app, worker)),
    descendant(app, workers[0], { obeys: true }),
  ]);
  app.kill('SIGTERM');
  await expect(Promise.all(children.map((child) => child.ended))).resolves.toEqual(['', '', 'SIGTERM']);
  await expect(app.gone).resolves.toEqual({ code: 0, signal: null });
  expect(app.processes()).toEqual([]);
});

test('also when the app is killed', async () => {
  const app = await start({ count: 2, killTimeout: 1000 });
  const workers = await app.workers();
  const children = await Promise.all([
    ...workers.map((worker) => descendant(app, worker)),
    descendant(app, workers[0], { obeys: true }),
  ]);
  app.kill('SIGKILL');
  await app.gone;
  await expect(Promise.all(children.map((child) => child.ended))).resolves.toEqual(['', '', 'SIGTERM']);
});

/** Kills the app after `ms`. The delay is what is tested: any moment will do. */
async function killAfter(app, ms) {
  await delay(ms);
  app.kill('SIGKILL');
  await app.gone;
  expect(app.processes()).toEqual([]);
}

const rounds = (step, count = 6) => Array.from({ length: count }, (_, round) => round * step);
const config = { count: 2, alone, killTimeout: 4000 };

test.each(rounds(60))('the app killed %i ms after its start', async (ms) => {
  await killAfter(launch(config), ms);
});

test.each(rounds(25))('the app killed %i ms after its workers died', async (ms) => {
  const app = await start(config);
  for (const { pid } of await app.workers()) process.kill(pid, 'SIGKILL');
  await killAfter(app, ms);
});

test.each(rounds(40))('the app killed %i ms after it was asked to stop, with a request under way', async (ms) => {
  const app = await start(config);
  const slow = request(await app.port(), '/slow?ms=150');
  await app.report('slow');
  app.kill('SIGTERM');
  await killAfter(app, ms);
  await expect(slow).resolves.toMatchObject({ status: 200 });
});
