'use strict';
// Inspector ports: one for each process, the same after it was replaced.

const { once } = require('node:events');
const net = require('node:net');
const { test } = require('../support/at-once');
const { launch, start, fixture } = require('../support/cluster');

const config = { exec: fixture('workers/inspected.js'), alone: fixture('alone/inspected.js'), count: 2 };

const listen = async (port) => {
  const server = net.createServer().listen(port, '127.0.0.1');
  await once(server, 'listening');
  return server;
};

/** The first of so many ports in a row that are free just now. */
async function freeRow(count) {
  for (;;) {
    const first = await listen(0);
    const { port } = first.address();
    const others = await Promise.allSettled(Array.from({ length: count - 1 }, (_, at) => listen(port + 1 + at)));
    const row = [first, ...others.filter(({ status }) => status === 'fulfilled').map(({ value }) => value)];
    await Promise.all(row.map((server) => new Promise((resolve) => server.close(resolve))));
    if (row.length === count) return port;
  }
}

const portOf = ({ url }) => Number(new URL(url).port);
const ports = (reports) => Object.fromEntries(reports.map((report) => [report.slot, portOf(report)]));

describe.each([
  ['a flag of the app', (port) => ({ execArgv: [`--inspect=127.0.0.1:${port}`] }), () => ({})],
  ['NODE_OPTIONS', (port) => ({ env: { NODE_OPTIONS: `--inspect=127.0.0.1:${port}` } }), () => ({})],
  ['execArgv of the configuration', () => ({}), (port) => ({ execArgv: [`--inspect=127.0.0.1:${port}`] })],
])('%s', (_from, options, overlay) => {
  test('the alone and each worker have a port of their own', async () => {
    const port = await freeRow(4);
    const app = await start({ ...config, ...overlay(port) }, options(port));
    expect(ports(await app.reported('inspected', 3))).toEqual({ alone: port + 1, 1: port + 2, 2: port + 3 });
  });
});

test('a worker that is replaced leaves its port to the next one', async () => {
  const port = await freeRow(3);
  const app = await start({ ...config, mode: 'development', execArgv: [`--inspect=127.0.0.1:${port}`] });
  await app.call('reload');
  const [, first, second] = await app.reported('inspected', 3);
  expect([portOf(first), portOf(second)]).toEqual([port + 2, port + 2]);
  expect(first.pid).not.toBe(second.pid);
});

test('a worker that was killed leaves its port, too', async () => {
  const port = await freeRow(3);
  const app = await start({ ...config, alone: false, count: 1, execArgv: [`--inspect=127.0.0.1:${port}`] });
  await app.call('killWorker', 1);
  const [first, second] = await app.reported('inspected', 2);
  expect([portOf(first), portOf(second)]).toEqual([port + 2, port + 2]);
});

test('while the old worker has it a new one takes any', async () => {
  const port = await freeRow(3);
  const app = await start({
    ...config,
    alone: false,
    count: 1,
    minUptime: 0,
    execArgv: [`--inspect=127.0.0.1:${port}`],
  });
  expect((await app.call('reload')).ok).toBe(true);
  const [first, second] = await app.reported('inspected', 2);
  expect(portOf(first)).toBe(port + 2);
  expect(second.url).toBeDefined();
});

test('port 0 is any', async () => {
  const app = await start({ ...config, execArgv: ['--inspect=127.0.0.1:0'] });
  const urls = (await app.reported('inspected', 3)).map(({ url }) => url);
  expect(new Set(urls).size).toBe(3);
});

test('who waits for a debugger has all the time', async () => {
  const port = await freeRow(3);
  const app = launch({
    ...config,
    alone: false,
    count: 1,
    startTimeout: 200,
    execArgv: [`--inspect-brk=127.0.0.1:${port}`],
  });
  await app.event('fork');
  await app.event('output', (line) => line.includes(`ws://127.0.0.1:${port + 2}/`));
  await connectDebugger(await inspectorUrl(port + 2));
  await app.event('started');
});

async function inspectorUrl(port) {
  const [{ webSocketDebuggerUrl }] = await (await fetch(`http://127.0.0.1:${port}/json/list`)).json();
  return webSocketDebuggerUrl;
}

/** As a debugger does: lets it run. */
async function connectDebugger(url) {
  const { port, pathname } = new URL(url);
  const socket = net.connect(port, '127.0.0.1');
  const head = [
    'Host: 127.0.0.1',
    'Upgrade: websocket',
    'Connection: Upgrade',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    'Sec-WebSocket-Version: 13',
  ];
  socket.write(`GET ${pathname} HTTP/1.1\r\n${head.join('\r\n')}\r\n\r\n`);
  await once(socket, 'data');
  for (const [id, method] of [
    [1, 'Runtime.enable'],
    [2, 'Debugger.enable'],
    [3, 'Runtime.runIfWaitingForDebugger'],
    [4, 'Debugger.resume'],
  ]) {
    socket.write(frame(JSON.stringify({ id, method })));
  }
  socket.on(
    'data',
    (data) => data.includes('Debugger.paused') && socket.write(frame('{"id":5,"method":"Debugger.resume"}')),
  );
  socket.on('error', () => {});
}

/** One masked text frame of less than 126 bytes (RFC 6455, 5.2); the mask is zero. */
function frame(text) {
  return Buffer.concat([Buffer.from([0x81, 0x80 | text.length, 0, 0, 0, 0]), Buffer.from(text)]);
}
