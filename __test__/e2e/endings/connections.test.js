'use strict';
// A drain always ends: event streams, WebSockets and upgraded sockets are closed in good order, every other response is finished.

const http = require('node:http');
const { once } = require('node:events');
const tls = require('node:tls');
const fs = require('node:fs');
const { setTimeout: later } = require('node:timers/promises');
const WebSocket = require('ws');
const { test } = require('../support/at-once');
const { start, fixture } = require('../support/cluster');
const { connect, readAll, request } = require('../support/client');

const exec = fixture('endings/streams.js');

function expectGoodEnds(app) {
  expect(app.events('exit').map(([{ exitReason }, ...rest]) => [exitReason, ...rest])).toEqual([['shutdown', 0, null]]);
}

test('WebSockets are told, and closed with a close frame when streamTimeout is over', async () => {
  const app = await start({ exec, count: 1, streamTimeout: 3000, killTimeout: 30_000 });
  const port = await app.port();
  const clients = Array.from({ length: 4 }, () => new WebSocket(`ws://127.0.0.1:${port}/`));
  await Promise.all(clients.map((client) => once(client, 'open')));
  const closes = clients.map((client) => once(client, 'close'));
  const begin = Date.now();
  const closed = app.call('close');
  await app.report('drain');
  clients[0].send('still here');
  expect(String((await once(clients[0], 'message'))[0])).toBe('still here');
  expect((await Promise.all(closes)).map(([code]) => code)).toEqual(Array(4).fill(1001));
  expect(Date.now() - begin).toBeGreaterThanOrEqual(3000);
  await closed;
  expectGoodEnds(app);
});

test('also where a net server has given the connection to an http server', async () => {
  const app = await start({ exec, count: 1, streamTimeout: 300, killTimeout: 30_000, env: { MULTI: '1' } });
  const client = new WebSocket(`ws://127.0.0.1:${await app.port()}/`);
  await once(client, 'open');
  const ended = once(client, 'close');
  const closed = app.call('close');
  expect((await ended)[0]).toBe(1001);
  await closed;
  expectGoodEnds(app);
});

test('an event stream ends as a whole response, and what the app writes to it later ends nobody', async () => {
  const app = await start({ exec, count: 1, streamTimeout: 300, killTimeout: 30_000 });
  const [response] = await once(http.get({ port: await app.port(), path: '/events', agent: false }), 'response');
  await once(response, 'data');
  const ended = once(response.resume(), 'end');
  await app.call('close');
  await ended;
  expect(response.complete).toBe(true);
  expectGoodEnds(app);
});

test('an upgraded socket of another protocol is closed', async () => {
  const app = await start({ exec, count: 1, streamTimeout: 300, killTimeout: 30_000 });
  const socket = await connect(await app.port());
  socket.write('GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n');
  await once(socket, 'data');
  await Promise.all([once(socket.resume(), 'end'), app.call('close')]);
  expectGoodEnds(app);
});

test('a long download is a request: it is finished', async () => {
  const app = await start({ exec, count: 1, streamTimeout: 100, killTimeout: 30_000 });
  const [response] = await once(http.get({ port: await app.port(), path: '/download', agent: false }), 'response');
  const download = readAll(response);
  await app.call('close');
  expect(await download).toHaveLength(31);
  expectGoodEnds(app);
  // Newer versions of Node have one for a timer that is late already (TimeoutNegativeWarning).
  expect(app.output).not.toContain('Warning');
});

describe('connections that the app gives to a server that does not listen', () => {
  async function startGiving(config) {
    const options = { exec, count: 1, ready: 'message', killTimeout: 30_000, env: { GIVEN: '1' } };
    const app = await start({ ...options, ...config }, { script: fixture('giving-app.js') });
    return { app, port: (await app.event('front'))[0] };
  }

  // Longer than what never ends by itself is waited for.
  test('are answered, however long it takes', async () => {
    const { app, port } = await startGiving();
    const [{ pid }] = await app.workers();
    const slow = request(port, '/slow?ms=3500');
    await app.report('slow');
    await app.call('reload');
    await expect(slow).resolves.toMatchObject({ status: 200, body: { pid } });
    await expect(request(port, '/')).resolves.not.toMatchObject({ body: { pid } });
    app.call('close');
    await app.gone;
  });

  test('WebSockets on them are closed with a close frame when streamTimeout is over', async () => {
    const { app, port } = await startGiving({ streamTimeout: 3000 });
    const client = new WebSocket(`ws://127.0.0.1:${port}/`);
    await once(client, 'open');
    const closing = once(client, 'close');
    const closed = app.call('close');
    await app.report('drain');
    client.send('still here');
    expect(String((await once(client, 'message'))[0])).toBe('still here');
    expect((await closing)[0]).toBe(1001);
    await closed;
    expectGoodEnds(app);
  });
});

test('a server whose listeners were removed does not keep it', async () => {
  const app = await start({ exec, count: 1, killTimeout: 30_000, ready: 'online', env: { PROBE: '1' } });
  await app.call('close');
  expectGoodEnds(app);
});

test('a request of which only a part has come is answered', async () => {
  const app = await start({ exec, count: 1 });
  const port = await app.port();
  const [socket, late] = [await connect(port), await connect(port)];
  socket.write('GET / HT');
  // Only the header, of a request with a body.
  late.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\n');
  await request(port);
  const closed = app.call('close');
  await app.report('drain');
  await later(600); // longer than the grace of idle connections
  socket.write('TP/1.1\r\nHost: x\r\n\r\n');
  late.write('body');
  for (const answer of await Promise.all([readAll(socket), readAll(late)])) expect(answer).toMatch(/^HTTP\/1\.1 200 /);
  await closed;
  expectGoodEnds(app);
});

/** Lets a TLS connection's handshake stand still for a while after its first message. */
async function slowHandshake(port, whenBegun) {
  const socket = await connect(port);
  const { PassThrough, Duplex } = require('node:stream');
  const outgoing = new PassThrough();
  let first = true;
  const wire = Duplex.from({ writable: outgoing, readable: socket });
  outgoing.on('data', async (chunk) => {
    if (!first) return socket.write(chunk);
    first = false;
    // The ClientHello in two parts.
    socket.write(chunk.subarray(0, 20));
    outgoing.pause();
    await whenBegun();
    socket.write(chunk.subarray(20));
    outgoing.resume();
  });
  return tls.connect({ socket: wire, ca: fs.readFileSync(fixture('tls/cert.pem')), servername: 'localhost' });
}

test('a TLS handshake under way is finished, and its request answered', async () => {
  const app = await start({ exec: fixture('workers/https.js'), count: 1 });
  let closed;
  const client = await slowHandshake(await app.port(), async () => {
    await later(200); // it has come by then
    closed = app.call('close');
    await later(600);
  });
  await once(client, 'secureConnect');
  client.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
  expect(await readAll(client)).toMatch(/^HTTP\/1\.1 200 /);
  await closed;
  expectGoodEnds(app);
});

test('a draining worker that asks for its port again is not answered, and ends', async () => {
  const app = await start({ exec: fixture('endings/listens-again.js'), count: 2 });
  const port = await app.port();
  const [victim] = await app.workers();
  process.kill(victim.pid, 'SIGTERM');
  const [{ exitReason }, code, signal] = await app.event('exit', ({ id }) => id === victim.id);
  expect([exitReason, code, signal]).toEqual(['SIGTERM', 0, null]);
  expect(app.reports('error')).toEqual([]);
  await expect(request(port)).resolves.toMatchObject({ status: 200 });
});

test('a worker without a descriptor left ends in good order', async () => {
  const app = await start({ count: 1 });
  const [victim] = await app.workers();
  await app.control(victim, 'exhaustDescriptors');
  await app.report('exhausted');
  process.kill(victim.pid, 'SIGTERM');
  const [, code, signal] = await app.event('exit', ({ id }) => id === victim.id);
  expect([code, signal]).toEqual([0, null]);
});
