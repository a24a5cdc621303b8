'use strict';
// How a worker ends: what is connected is served, and nothing is cut.

const fs = require('node:fs');
const http = require('node:http');
const { once } = require('node:events');
const path = require('node:path');
const { setTimeout: later } = require('node:timers/promises');
const { folder, removeFolders } = require('./support/folder');
const { connect, readAll, request } = require('./support/http');
const { endAll, startServers, startWorker } = require('./support/preloaded');

const server = path.join(__dirname, 'fixtures/server.js');
const plain = path.join(__dirname, '../fixtures/workers/hold.js');
const orderly = { code: 0, signal: null };

jest.setTimeout(120_000);
let agents = [];
let sockets = [];

afterEach(async () => {
  for (const each of [...agents, ...sockets]) each.destroy();
  agents = [];
  sockets = [];
  await endAll();
  removeFolders();
});

function keepAlive(module = http, options = {}) {
  const agent = new module.Agent({ keepAlive: true, maxSockets: 1, ...options });
  agents.push(agent);
  return agent;
}

async function open(port) {
  const socket = await connect(port);
  sockets.push(socket);
  return socket;
}

const connectionHeaders = ({ rawHeaders }) =>
  rawHeaders.filter((_, i) => i % 2 === 1 && rawHeaders[i - 1].toLowerCase() === 'connection');

/** Keeps it from ending, until the returned function is called. */
async function hold(child) {
  const answer = request(child.port, { path: '/held' });
  await child.sends('held');
  return async () => {
    child.send('answer');
    return answer;
  };
}

/** Resolves when new connections are refused. It goes on for two turns of its event loop after `drain`, and what connects as the socket
 *  is closed is reset. */
async function refuses(port) {
  let outcome;
  do
    outcome = await open(port).then(
      () => 'connected',
      (error) => error.code,
    );
  while (outcome !== 'ECONNREFUSED');
}

test('without connections it ends at once, and tells it as its last word', async () => {
  const child = await startServers(server);
  child.drain({ grace: 60_000 });
  await expect(child.ended).resolves.toEqual(orderly);
  expect(child.acts).toEqual(['drained']);
  expect(await child.sends('drain')).toBe('disconnect');
});

test('a request under way is answered, and its connection closed', async () => {
  const child = await startServers(server);
  const release = await hold(child);
  child.drain();
  await child.sends('drain');
  expect(await release()).toMatchObject({ text: 'held', headers: { connection: 'close' } });
  await expect(child.ended).resolves.toEqual(orderly);
});

test('a response whose headers are sent already is finished', async () => {
  const child = await startServers(server);
  const agent = keepAlive();
  const answer = request(child.port, { path: '/streamed', agent });
  await child.sends('streaming');
  child.drain();
  await child.sends('drain');
  child.send('go on');
  expect(await answer).toMatchObject({ text: 'first,last' });
  await expect(child.ended).resolves.toEqual(orderly);
});

test('requests that came one behind the other on a connection are all answered', async () => {
  const child = await startServers(server);
  const socket = await open(child.port);
  const answers = readAll(socket);
  socket.write('GET /held HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n');
  await child.sends('held');
  child.drain();
  await child.sends('drain');
  child.send('answer');
  expect((await answers).match(/HTTP\/1\.1 200 OK/g)).toHaveLength(2);
  await expect(child.ended).resolves.toEqual(orderly);
});

test("a server that the app closes itself emits 'close' once", async () => {
  const child = await startServers(server, { env: { CLOSES: '1' } });
  child.drain();
  await expect(child.ended).resolves.toEqual(orderly);
  expect(child.messages.filter(({ closed }) => closed)).toHaveLength(1);
});

test.each([
  ['a symbol', "Symbol('s')"],
  [
    'an error whose stack cannot be read',
    "Object.defineProperty(new Error('odd'), 'stack', { get() { throw new Error('no'); } })",
  ],
])('what is waited for may fail with %s', async (_what, thrown) => {
  const app = `
    require('http').createServer().listen(0);
    process.on('yunfly:drain', ({ waitUntil }) => waitUntil(Promise.reject(${thrown})));`;
  const child = await startServers(path.join(folder({ 'app.js': app }), 'app.js'));
  child.drain();
  await expect(child.ended).resolves.toEqual(orderly);
  expect(child.stderr).toContain('CLUSTER_DRAIN_WAIT_FAILED');
});

test('new connections are refused', async () => {
  const child = await startServers(server);
  const release = await hold(child);
  child.drain();
  await child.sends('drain');
  await refuses(child.port);
  expect(await release()).toMatchObject({ text: 'held' });
});

// One that is replaced hands them back (e2e/reload/idle-connections.test.js).
test('an idle keep-alive connection is served within the grace time of a shutdown, and then closed', async () => {
  const child = await startServers(server);
  const agent = keepAlive();
  await request(child.port, { agent });
  child.drain({ reason: 'shutdown', grace: 20_000 });
  await child.sends('drain');
  const answer = await request(child.port, { agent });
  expect(connectionHeaders(answer)).toEqual(['close']);
  expect(child.messages.filter(({ connection }) => connection)).toHaveLength(1);
  await expect(child.ended).resolves.toEqual(orderly);
});

test('what stays idle is closed, not before the grace time is over', async () => {
  const child = await startServers(server);
  const used = keepAlive();
  await request(child.port, { agent: used });
  const unused = await open(child.port);
  const begin = performance.now();
  child.drain({ reason: 'shutdown', grace: 400 });
  await once(unused.resume(), 'close');
  expect(performance.now() - begin).toBeGreaterThanOrEqual(390);
  await expect(child.ended).resolves.toEqual(orderly);
});

test('a connection that is no socket is closed, too', async () => {
  const source = `
    const server = require('node:http').createServer((_, response) => response.end('answered'));
    const { Duplex } = require('node:stream');
    const connection = new Duplex({ read() {}, write: (chunk, _, done) => done(process.send({ wrote: String(chunk) })) });
    server.listen(0, () => {
      server.emit('connection', connection);
      connection.push('GET / HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n');
    });`;
  const child = await startServers(path.join(folder({ 'worker.js': source }), 'worker.js'));
  await child.sends('wrote');
  child.drain({ reason: 'shutdown', grace: 100 });
  await expect(child.ended).resolves.toEqual(orderly);
  expect(child.stderr).toBe('');
});

// After the long task its timers run before what came meanwhile is read.
test('a request that comes during a task longer than the grace time is answered', async () => {
  const goOn = path.join(folder({}), 'go on');
  const child = await startServers(server, { env: { GO_ON: goOn } });
  const [agent, other] = [keepAlive(), keepAlive()];
  await request(child.port, { agent });
  await request(child.port, { agent: other });
  const grace = 3000;
  child.drain({ reason: 'shutdown', grace });
  await refuses(child.port);
  const task = request(child.port, { path: '/task', agent: other });
  await child.sends('busy');
  const answer = request(child.port, { agent });
  await later(grace + 100);
  fs.writeFileSync(goOn, '');
  expect(await task).toMatchObject({ text: 'done' });
  expect(await answer).toMatchObject({ text: 'ok', headers: { connection: 'close' } });
  await expect(child.ended).resolves.toEqual(orderly);
});

describe("a response's own Connection header becomes close, the others stay", () => {
  test.each([
    ['/set-header', 200],
    ['/removed', 200],
    ['/object', 201],
    ['/message', 201],
    ['/flat', 201],
  ])('%s', async (route, status) => {
    const child = await startServers(server);
    const agent = keepAlive();
    await request(child.port, { agent });
    child.drain({ grace: 20_000 });
    await child.sends('drain');
    const answer = await request(child.port, { path: route, agent });
    expect(answer).toMatchObject({ status, text: 'ok' });
    expect(connectionHeaders(answer)).toEqual(['close']);
    if (status === 201) expect(answer.headers['x-a']).toBe('1');
    if (route === '/flat') expect(answer.headers['set-cookie']).toEqual(['a=1', 'b=2']);
    await child.ended;
  });
});

test('a response that comes before the end of its request is not lost', async () => {
  const child = await startServers(server);
  const socket = await open(child.port);
  await child.sends('connection');
  child.drain({ grace: 20_000 });
  await child.sends('drain');
  const answer = readAll(socket);
  const size = 4 * 1024 * 1024;
  socket.write(`POST /early HTTP/1.1\r\nHost: x\r\nContent-Length: ${size}\r\n\r\n`);
  socket.end(Buffer.alloc(size));
  expect(await answer).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*Connection: close\r\n[^]*early$/);
  await expect(child.ended).resolves.toEqual(orderly);
});

test.each([
  ['at a shutdown', 'shutdown', {}],
  ['of a socket that no other process has', 'replace', { EXCLUSIVE: '1' }],
])('what waits in the accept queue %s is served', async (_which, reason, env) => {
  // Of its own socket node:cluster hears nothing.
  const child = env.EXCLUSIVE ? startWorker(server, { env }) : await startServers(server, { env });
  const port = env.EXCLUSIVE ? await child.sends('port') : child.port;
  child.kill('SIGSTOP');
  const waiting = await Promise.all(Array.from({ length: 50 }, () => open(port)));
  const answers = waiting.map(readAll);
  for (const socket of waiting) socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  child.drain({ reason, grace: 2000 });
  child.kill('SIGCONT');
  for (const answer of await Promise.all(answers))
    expect(answer).toMatch(/^HTTP\/1\.1 200 OK[^]*Connection: close[^]*ok$/);
  await expect(child.ended).resolves.toEqual(orderly);
});

test('one that passes its last connection on to another process has none any more', async () => {
  const app = `
    const server = require('net').createServer((socket) => {
      process.once('message', () => process.send({ passed: true }, socket));
      process.send({ connected: true });
    });
    server.listen(0);
    process.on('yunfly:drain', () => process.send({ drain: true }));`;
  // What is open still is waited for longer than this test may take.
  const boot = { streamTimeout: 600_000 };
  const child = await startServers(path.join(folder({ 'app.js': app }), 'app.js'), { boot });
  await open(child.port);
  await child.sends('connected');
  child.drain({ grace: 600_000, timeout: 1_200_000 });
  await child.sends('drain');
  child.send('pass it on');
  await child.sends('passed');
  sockets.push(child.messages.find(({ passed }) => passed).handle);
  await expect(child.ended).resolves.toEqual(orderly);
});

test('an upgraded connection is waited for', async () => {
  const child = await startServers(server);
  const socket = await open(child.port);
  socket.write('GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n');
  await once(socket, 'data');
  const idle = await open(child.port);
  child.drain({ grace: 50 });
  // By now an idle connection was closed.
  await once(idle.resume(), 'close');
  socket.write('still here');
  expect(String((await once(socket, 'data'))[0])).toBe('still here');
  socket.end();
  await expect(child.ended).resolves.toEqual(orderly);
});

describe('with no grace, in development', () => {
  const options = { boot: { mode: 'development' } };

  test('a request under way is answered, then it ends', async () => {
    const child = await startServers(server, options);
    const release = await hold(child);
    child.drain({ grace: 0 });
    await child.sends('drain');
    expect(await release()).toMatchObject({ text: 'held', headers: { connection: 'close' } });
    await expect(child.ended).resolves.toEqual(orderly);
  });

  test('an upgraded connection is closed', async () => {
    const child = await startServers(server, options);
    const socket = await open(child.port);
    socket.write('GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n');
    await once(socket, 'data');
    child.drain({ grace: 0 });
    await once(socket, 'close');
    await expect(child.ended).resolves.toEqual(orderly);
  });

  test('a plain TCP connection is closed', async () => {
    const child = await startServers(plain, options);
    const socket = await open(child.port);
    await once(socket, 'data');
    child.drain({ grace: 0 });
    await once(socket, 'close');
    await expect(child.ended).resolves.toEqual(orderly);
  });
});

test('what does not end is ended, in time for its exit listeners; asked twice, the shorter time holds', async () => {
  const child = await startServers(server);
  request(child.port, { path: '/held' }).catch(() => {});
  await child.sends('held');
  child.drain({ timeout: 60_000 });
  await child.sends('drain');
  const begin = performance.now();
  child.drain({ reason: 'shutdown', timeout: 500 });
  child.drain({ timeout: 40_000 });
  await expect(child.ended).resolves.toEqual(orderly);
  expect(performance.now() - begin).toBeGreaterThanOrEqual(390);
  expect(child.acts).toEqual(['overdue']);
  expect(child.stderr).toContain('did not end within killTimeout, and is ended with 1 open request');
  expect(child.messages.filter(({ drain }) => drain)).toEqual([{ drain: 'disconnect' }]);
});

test('what stderr takes later is waited for, and no longer than it takes', async () => {
  const child = startWorker(
    path.join(
      folder({
        'worker.js': `
          // Less than what a write() returns false for: there is no 'drain' of it.
          while (process.stderr.writableLength === 0) process.stderr.write('x'.repeat(1023) + '\\n');
          process.stderr.write('the last line\\n');
          setInterval(() => {}, 1000);
          process.on('message', () => process.send({ needDrain: process.stderr.writableNeedDrain }));
          process.send({ up: true });`,
      }),
      'worker.js',
    ),
  );
  child.worker.process.stderr.pause();
  await child.sends('up');
  child.drain({ grace: 0, exits: true });
  await child.tells('drained');
  // By the time it answers it has been told that it may exit.
  child.send({});
  expect(await child.sends('needDrain')).toBe(false);
  child.worker.process.stderr.resume();
  await expect(child.ended).resolves.toEqual(orderly);
  expect(child.acts).toEqual(['drained']);
  expect(child.stderr).toMatch(/x\nthe last line\n$/);
});

test("a listener of 'exit' that throws doesn't keep it alive", async () => {
  const child = await startServers(server, { env: { WAIT: '100000', EXIT_THROWS: '1' } });
  child.drain({ timeout: 500 });
  await expect(child.ended).resolves.toMatchObject({ signal: null });
  expect(child.stderr).toContain('thrown at exit');
});

test('asked twice, the shorter grace time holds', async () => {
  const child = await startServers(server);
  const idle = await open(child.port);
  await child.sends('connection');
  child.drain({ grace: 60_000, timeout: 70_000 });
  await child.sends('drain');
  child.drain({ grace: 10 });
  await once(idle.resume(), 'close');
  await expect(child.ended).resolves.toEqual(orderly);
});

test('waitUntil(): the end waits; what fails is a warning', async () => {
  const child = await startServers(server, { env: { WAIT: '500', WAIT_FAILS: '1' } });
  const begin = performance.now();
  child.drain();
  await expect(child.ended).resolves.toEqual(orderly);
  expect(performance.now() - begin).toBeGreaterThanOrEqual(490);
  expect(child.stderr).toMatch(/yunfly:drain: .*could not be saved/);
});
