'use strict';

const { test } = require('../support/at-once');
const { launch, start, fixture } = require('../support/cluster');
const { connect, readAll, request, requests } = require('../support/client');
const { Load } = require('../support/load');
const { firstOf, lastOf } = require('../support/position');

const orderly = { code: 0, signal: null };

/** Every worker ended by itself. */
function expectDrained(app, count) {
  const ends = app.events('exit').map(([worker, code, signal]) => [worker.exitedAfterDisconnect, code, signal]);
  expect(ends).toEqual(Array(count).fill([true, 0, null]));
  expect(app.events('unexpectedExit')).toEqual([]);
}

test('close(): workers first, then alone, then the promise; nothing keeps the app', async () => {
  const app = await start({ count: 2, alone: fixture('alone/reporting.js') });
  await app.call('close');
  expect(app.processes().length).toBeLessThanOrEqual(1);
  await expect(app.gone).resolves.toEqual(orderly);
  expectDrained(app, 2);
  const names = app.eventNames();
  expect(lastOf(names, 'exit')).toBeLessThan(firstOf(names, 'aloneExit'));
  expect(firstOf(names, 'aloneExit')).toBeLessThan(firstOf(names, 'close'));
  expect(firstOf(names, 'close')).toBeLessThan(firstOf(names, 'reply'));
  expect(app.events('aloneExit').map(([, ...rest]) => rest)).toEqual([[0, null]]);
});

test('close() again, and close() of one that never started', async () => {
  const app = await start({ count: 1 });
  await Promise.all([app.call('close'), app.call('close')]);
  expect(app.events('close')).toHaveLength(1);
  const idle = launch({}, { api: 'createCluster' });
  await idle.call('close');
  await expect(idle.gone).resolves.toEqual(orderly);
});

test('close() while it starts: the start is rejected, nothing is left', async () => {
  const app = launch({ count: 4 });
  await app.event('fork');
  await app.call('close');
  await app.event('rejected', (error) => error.code === 'ERR_CLOSED');
  await app.gone;
});

test('a request under way is answered; new connections are refused', async () => {
  const app = await start({ count: 1 });
  const port = await app.port();
  // It would keep its connection.
  const slow = request(port, '/slow?ms=1500', { headers: { connection: 'keep-alive' } });
  await app.report('slow');
  const closed = app.call('close');
  const load = new Load(port, { atOnce: 1 });
  await load.refused();
  await expect(slow).resolves.toMatchObject({ status: 200, headers: { connection: 'close' } });
  await closed;
  expectDrained(app, 1);
});

test('what waits in the accept queue is served before the sockets close', async () => {
  const app = await start({ count: 1 });
  const port = await app.port();
  const [worker] = await app.workers();
  await app.control(worker, 'blockFor', { ms: 800 });
  await app.report('blocking');
  const waiting = await Promise.all(
    Array.from({ length: 20 }, async () => {
      const socket = await connect(port);
      socket.write('GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
      return socket;
    }),
  );
  const closed = app.call('close');
  const answers = await Promise.all(waiting.map(readAll));
  for (const answer of answers) expect(answer).toMatch(/^HTTP\/1\.1 200 /);
  await closed;
  expectDrained(app, 1);
});

test('under keep-alive load no request is cut: each is answered, the last of its connection says so', async () => {
  const app = await start({ count: 2 });
  const load = new Load(await app.port(), { atOnce: 8, keepAlive: true });
  await load.answered(200);
  const closed = app.call('close');
  const results = await load.refused();
  await closed;
  const broken = results.filter(({ status }) => status !== 200);
  expect(broken.filter(({ error }) => error?.code !== 'ECONNREFUSED')).toEqual([]);
  expect(results.some(({ connection }) => connection === 'close')).toBe(true);
});

test('idle keep-alive connections do not hold it up', async () => {
  const app = await start({ count: 1 });
  const socket = await connect(await app.port());
  const answer = readAll(socket);
  socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
  await app.report('connection');
  await app.call('close');
  await expect(answer).resolves.toMatch(/^HTTP\/1\.1 200 /);
  expectDrained(app, 1); // and was not killed for it
});

test('a worker that does not end gets SIGKILL, not before killTimeout', async () => {
  const app = await start({ count: 2, killTimeout: 3000 });
  const [stuck] = await app.workers();
  await app.control(stuck, 'block');
  await app.report('blocking');
  const begin = Date.now();
  await app.call('close');
  expect(Date.now() - begin).toBeGreaterThanOrEqual(3000);
  const exits = app.events('exit').map(([worker, code, signal]) => [worker.id === stuck.id, code, signal]);
  expect(exits).toContainEqual([true, null, 'SIGKILL']);
  expect(exits).toContainEqual([false, 0, null]);
});

test('a worker that hears late that it is to end, since it was busy, ends by itself before SIGKILL all the same', async () => {
  const app = await start({ count: 1, killTimeout: 6000 });
  const slow = request(await app.port(), '/slow?ms=60000').catch(({ code }) => code);
  await app.report('slow');
  const [worker] = await app.workers();
  await app.control(worker, 'blockFor', { ms: 3500 });
  await app.report('blocking');
  await app.call('close');
  expect(app.events('exit').map(([, code, signal]) => [code, signal])).toEqual([[0, null]]);
  expect(await slow).toBe('ECONNRESET');
});

test('close({ force: true }) does not wait', async () => {
  const app = await start({ count: 2, alone: fixture('alone/reporting.js'), killTimeout: 60_000 });
  const [stuck] = await app.workers();
  await app.control(stuck, 'block');
  await app.report('blocking');
  await app.call('close', { force: true });
  await expect(app.gone).resolves.toEqual(orderly);
});

test('shutdownDelay: after SIGTERM new connections are still taken that long', async () => {
  const app = await start({ count: 2, shutdownDelay: 700 });
  const load = new Load(await app.port(), { atOnce: 4 });
  await load.answered(50);
  const begin = Date.now();
  app.kill('SIGTERM');
  const results = await load.refused();
  expect(Date.now() - begin).toBeGreaterThanOrEqual(700);
  expect(results.filter(({ error }) => error && error.code !== 'ECONNREFUSED')).toEqual([]);
  await expect(app.exited).resolves.toEqual(orderly);
  expectDrained(app, 2);
});

test('a closed cluster leaves nothing that listens', async () => {
  const app = await start({ count: 2 });
  const port = await app.port();
  await requests(port, 20, 4);
  await app.call('close');
  await expect(connect(port)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
});
