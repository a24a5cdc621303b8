'use strict';
// Handles whose message waits: what their owner does with them meanwhile takes nothing from whoever gets them.

const net = require('node:net');
const { once } = require('node:events');
const path = require('node:path');
const { folder, removeFolders } = require('./support/folder');
const { endAll, startWorker } = require('./support/preloaded');

jest.setTimeout(120_000);
afterEach(endAll);
afterAll(removeFolders);

/** A worker that runs `pass(server)` with a listening server of its own once it is told to; whose messages to 'alone' and 'all' wait. */
async function holding(pass) {
  const source = `
    const net = require('net');
    process.once('message', () => {
      const server = net.createServer();
      server.listen({ port: 0, exclusive: true }, () => {
        (${pass})(server);
        process.send({ to: 'worker', port: server.port ?? server.address()?.port });
      });
    });
    process.send({ to: 'worker', up: true });`;
  const child = startWorker(path.join(folder({ 'worker.js': source }), 'worker.js'));
  await child.sends('up');
  for (const lane of ['alone', 'all']) child.tell('pause', { lane });
  child.send({});
  return child;
}

/** What comes with the message that has this key. */
async function comesWith(child, key) {
  await child.sends(key);
  return child.messages.find((message) => key in message).handle;
}

async function connectionTo(port) {
  const client = net.connect(port, '127.0.0.1');
  await once(client, 'connect');
  return client;
}

test('a server is sent when it is closed, with the messages before it; those behind it keep waiting', async () => {
  const child = await holding(`(server) => {
    server.port = server.address().port;
    process.send({ to: 'alone', first: true });
    process.send({ to: 'alone', one: true }, server);
    process.send({ to: 'alone', behind: true });
    server.close(() => process.send({ to: 'worker', closed: true }));
  }`);
  const port = await child.sends('port');
  const server = await comesWith(child, 'one');
  await child.sends('closed');
  expect(child.messages.map((message) => Object.keys(message).at(-1))).toEqual([
    'up',
    'first',
    'one',
    'port',
    'closed',
  ]);
  const accepted = once(server, 'connection');
  const client = await connectionTo(port);
  const [socket] = await accepted;
  socket.end('its new owner');
  expect(String((await once(client, 'data'))[0])).toBe('its new owner');
  client.destroy();
  server.close();
  child.tell('resume', { lane: 'alone' });
  await child.sends('behind');
});

test('a handle for two receivers is sent to both, and then closed', async () => {
  const child = await holding(`(server) => {
    server.port = server.address().port;
    process.send({ to: 'alone', one: true }, server);
    process.send({ to: 'worker', type: 'all', two: true }, server);
    server.close();
  }`);
  const port = await child.sends('port');
  for (const key of ['one', 'two']) (await comesWith(child, key)).close();
  // Refused only when the worker has closed its own, too.
  for (let refused = false; !refused;) {
    const client = net.connect(port, '127.0.0.1');
    refused = await new Promise((resolve) =>
      client.on('connect', () => resolve(false)).on('error', () => resolve(true)),
    );
    client.destroy();
  }
});

test('several in a row, each closed at once: Node sends one handle at a time', async () => {
  const child = await holding(`async (server) => {
    const servers = [server];
    for (let i = 0; i < 3; i++) {
      const another = net.createServer().listen({ port: 0, exclusive: true });
      await require('events').once(another, 'listening');
      servers.push(another);
    }
    servers.forEach((each, n) => {
      process.send({ to: 'worker', [n]: true }, each);
      each.close();
    });
  }`);
  for (const n of [0, 1, 2, 3]) (await comesWith(child, String(n))).close();
});

test('a server that its owner keeps open waits, and serves meanwhile', async () => {
  const child = await holding(`(server) => {
    server.on('connection', (socket) => socket.end('its owner'));
    process.send({ to: 'alone', one: true }, server);
  }`);
  const client = await connectionTo(await child.sends('port'));
  expect(String((await once(client, 'data'))[0])).toBe('its owner');
  expect(child.messages.some(({ one }) => one)).toBe(false);
  child.tell('resume', { lane: 'alone' });
  (await comesWith(child, 'one')).close();
});

test('a connection is taken from its owner at once, as by Node: nothing that comes on it is lost, and nothing closes it', async () => {
  const child = await holding(`(server) => server.on('connection', (socket) => {
    process.send({ to: 'alone', one: true }, socket);
    process.send({ to: 'worker', left: socket._handle });
    socket.on('data', () => process.send({ to: 'worker', stolen: true }));
    socket.destroy();
    server.close(() => process.send({ to: 'worker', closed: true }));
  })`);
  const client = await connectionTo(await child.sends('port'));
  expect(await child.sends('left')).toBe(null);
  await child.sends('closed');
  client.write('hello');
  // The worker would have read it by then.
  child.send({});
  child.tell('resume', { lane: 'alone' });
  const socket = await comesWith(child, 'one');
  expect(String((await once(socket, 'data'))[0])).toBe('hello');
  expect(child.messages.some(({ stolen }) => stolen)).toBe(false);
  socket.destroy();
  client.destroy();
});

test('keepOpen: its owner uses it on; when it is closed it stays for whoever gets it', async () => {
  const child = await holding(`(server) => server.on('connection', (socket) => {
    process.send({ to: 'alone', one: true }, socket, { keepOpen: true });
    socket.write('its owner', () => socket.destroy());
  })`);
  const client = await connectionTo(await child.sends('port'));
  expect(String((await once(client, 'data'))[0])).toBe('its owner');
  const socket = await comesWith(child, 'one');
  socket.end('its new owner');
  expect(String((await once(client, 'data'))[0])).toBe('its new owner');
  client.destroy();
});

test('an HTTP connection whose request is under way', async () => {
  const child = await holding(`(server) => {
    const app = require('http').createServer(({ socket }) => process.send({ to: 'alone', one: true }, socket));
    server.on('connection', (socket) => app.emit('connection', socket));
  }`);
  const client = await connectionTo(await child.sends('port'));
  client.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  child.tell('resume', { lane: 'alone' });
  const socket = await comesWith(child, 'one');
  socket.end('its new owner');
  expect(String((await once(client, 'data'))[0])).toBe('its new owner');
  client.destroy();
});

test('where the channel is closed the connection is, too', async () => {
  const child = await holding(`(server) => server.on('connection', (socket) => {
    process.send({ to: 'alone', one: true }, socket);
    process.send({ to: 'worker', passed: true });
  })`);
  const client = await connectionTo(await child.sends('port'));
  await child.sends('passed');
  const closed = once(client, 'close');
  child.disconnect();
  await closed;
});
