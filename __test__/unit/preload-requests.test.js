'use strict';
// What a worker tells of the requests that come to it, where they are counted.

const http = require('node:http');
const http2 = require('node:http2');
const https = require('node:https');
const path = require('node:path');
const { once } = require('node:events');
const { connect, request } = require('./support/http');
const { endAll, startServers, startWorker } = require('./support/preloaded');

const server = path.join(__dirname, 'fixtures/server.js');
const secure = path.join(__dirname, 'fixtures/secure.js');
const boot = { countRequests: true };

jest.setTimeout(30_000);
afterEach(endAll);

/** Resolves once so many have begun and ended. */
async function counts(child, started, ended) {
  const fits = ({ requests }) => requests.started === started && requests.ended === ended;
  return (await child.tells('connections', fits)).requests;
}

test('requests on one connection are told while they last, and with their time when they are over', async () => {
  const child = await startServers(server, { boot });
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  for (let i = 0; i < 3; i += 1) await request(child.port, { agent });
  await counts(child, 3, 3);
  const held = request(child.port, { agent, path: '/held' });
  const before = await counts(child, 4, 3);
  await new Promise((resolve) => setTimeout(resolve, 50));
  child.send('answer');
  await held;
  const after = await counts(child, 4, 4);
  expect(after.duration - before.duration).toBeGreaterThanOrEqual(50);
  const slower = ({ durations }) => durations.slice(3).reduce((sum, count) => sum + count);
  expect(after.durations).toHaveLength(12);
  expect(after.durations.reduce((sum, count) => sum + count)).toBe(4);
  expect(slower(after) - slower(before)).toBe(1);
  agent.destroy();
});

test('requests that the client breaks off are over, also those that wait behind another one', async () => {
  const child = await startServers(server, { boot });
  const held = 'GET /held HTTP/1.1\r\nHost: a\r\n\r\n';
  const socket = await connect(child.port);
  socket.write(held.repeat(3));
  await counts(child, 3, 0);
  socket.destroy();
  await counts(child, 3, 3);
});

test('each of several that come at once is counted once', async () => {
  const child = await startServers(server, { boot });
  const socket = await connect(child.port);
  socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(20));
  await counts(child, 20, 20);
  socket.destroy();
  await request(child.port, { agent: false });
  await counts(child, 21, 21);
});

test('streams of HTTP/2 are requests, and so is what comes by TLS', async () => {
  const child = startWorker(secure, { boot });
  const { h2, h2c, https: port } = await child.sends('ports');
  let started = 0;
  for (const url of [`http://127.0.0.1:${h2c}`, `https://127.0.0.1:${h2}`]) {
    const session = http2.connect(url, { rejectUnauthorized: false });
    const stream = session.request({ ':path': '/' });
    await once(stream, 'response');
    started += 1;
    await counts(child, started, started - 1);
    child.send('answer');
    await once(stream.resume(), 'close');
    await counts(child, started, started);
    session.destroy();
  }
  const agent = new https.Agent({ rejectUnauthorized: false });
  await request(port, { module: https, agent });
  await counts(child, started + 1, started + 1);
  agent.destroy();
});

test('what is upgraded is no request', async () => {
  const plain = await startServers(server, { boot });
  const socket = await connect(plain.port);
  socket.write('GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n');
  await once(socket, 'data');
  socket.destroy();
  await request(plain.port, { agent: false });
  await counts(plain, 1, 1);
});

test('what was not told yet is told before the process ends', async () => {
  const child = await startServers(server, { boot });
  await request(child.port);
  child.drain({ grace: 0 });
  await child.ended;
  const drained = child.told.findIndex(({ act }) => act === 'drained');
  const before = child.told.slice(0, drained).filter(({ act }) => act === 'connections');
  expect(before.at(-1).requests).toMatchObject({ started: 1, ended: 1 });
});

test('without being asked for it counts nothing', async () => {
  const child = await startServers(server);
  await request(child.port);
  const told = await child.tells('connections', ({ servers }) => servers[0].accepted === 1);
  expect(told).not.toHaveProperty('requests');
});
