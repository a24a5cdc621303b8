'use strict';
// Descriptors that are not what their frames say. Node ends on them (libuv asserts), or throws: none may reach a process.

const { once } = require('node:events');
const fs = require('node:fs');
const net = require('node:net');
const path = require('node:path');
const { start, fixture } = require('../support/cluster');
const { connect, readAll, requests } = require('../support/client');
const { until } = require('../support/until');

/** What may be passed as what: Node's names, and those of fixtures/channel/descriptors.py. */
const streams = ['connection', 'half closed', 'reset', 'unconnected', 'unix connection', 'cycle', 'channel', 'pipe'];
const listeners = ['listener', 'unix listener'];
const datagrams = ['udp', 'udp6'];
const never = [
  'file',
  '/dev/zero',
  'terminal',
  'folder',
  'O_PATH',
  'memory',
  'epoll',
  'unix datagrams',
  'unix packets',
  'netlink',
];
const kinds = [...streams, ...listeners, ...datagrams, ...never];
const types = {
  'net.Socket': streams,
  'net.Server': listeners,
  'net.Native': [...streams, ...listeners],
  'dgram.Socket': datagrams,
  'dgram.Native': datagrams,
};

const frame = (type, msg) =>
  JSON.stringify({ cmd: 'NODE_HANDLE', type, ...(type === 'dgram.Socket' && { dgramType: 'udp4' }), msg });

/** Its Node would listen on it by its number, and throw. */
const isNeverAWorkers = (type, kind, { to }) => to === 'worker' && type === 'net.Server' && kind === 'unix listener';

/** Everything that is wrong. */
const wrong = (msg) =>
  Object.entries(types).flatMap(([type, right]) =>
    kinds
      .filter((kind) => !right.includes(kind) || isNeverAWorkers(type, kind, msg))
      .map((kind) => [frame(type, { ...msg, as: type, kind }), [kind]]),
  );

/** The key of `listen(0)`, as Node makes it. */
const KEY = ':0:4::0';
const returned = () => frame('net.Native', { cmd: 'NODE_YUNFLY', act: 'returned', key: KEY });

const startWithAlone = (config) => start({ alone: fixture('alone/reporting.js'), count: 3, ...config });
const openFiles = (pid) => fs.readdirSync(`/proc/${pid}/fd`).length;

/** All that it writes was read, since something behind it arrived. */
async function write(app, worker, frames) {
  const done = app.reports('framesSent').length + 1;
  await app.control(worker, 'frames', {
    frames: [...frames, [JSON.stringify({ to: 'alone', action: 'written', done }), []]],
  });
  expect((await app.reported('framesSent', done)).every(({ code }) => code === 0)).toBe(true);
  await app.report('aloneMessage', ({ message }) => message.action === 'written' && message.done === done);
}

/** Everybody who was there at the start is, and serves. */
async function expectAllAlive(app, workers) {
  const pids = workers.map(({ pid }) => pid).sort();
  const port = await app.port();
  await until(async () => {
    const served = new Set((await requests(port, 12, 6)).map(({ body }) => body.pid));
    return pids.every((pid) => served.has(pid));
  });
  expect([...app.events('exit'), ...app.events('aloneExit')]).toEqual([]);
}

/** Those of all `protocolError`s, once there are so many. */
async function codes(app, count) {
  if (count > 0) await app.event('protocolError', () => app.events('protocolError').length >= count);
  return app.events('protocolError').map(([, { code }]) => code);
}

describe('passed to', () => {
  test.each([
    ['all workers', { to: 'worker', type: 'all' }],
    ['the alone', { to: 'alone' }],
    ['the app', { to: 'app' }],
  ])('%s: undeliverable, and nobody ends', async (_who, to) => {
    const app = await startWithAlone();
    const workers = await app.workers();
    const frames = wrong(to);
    await write(app, workers[0], frames);
    expect(await codes(app, frames.length)).toEqual(frames.map(() => 'ERR_HANDLE_INVALID'));
    await app.event('undeliverable', () => app.events('undeliverable').length === frames.length);
    const undelivered = app.events('undeliverable').map(([from, message, reason]) => [message.kind, reason, from.id]);
    expect(undelivered).toEqual(frames.map(([, [kind]]) => [kind, 'handle', workers[0].id]));
    await expectAllAlive(app, workers);
  });
});

test('types that Node does not know: its receiver would throw', async () => {
  const app = await startWithAlone();
  const workers = await app.workers();
  const heads = [
    { type: 'net' },
    { type: 'toString' },
    { type: '' },
    { type: 'dgram.Socket' },
    { type: 'dgram.Socket', dgramType: 'tcp' },
    {},
    { type: 7 },
  ];
  const to = { to: 'worker', type: 'all' };
  await write(
    app,
    workers[0],
    heads.map((head) => [JSON.stringify({ cmd: 'NODE_HANDLE', ...head, msg: to }), ['udp']]),
  );
  const expected = [...Array(5).fill('ERR_HANDLE_INVALID'), ...Array(2).fill('ERR_MESSAGE_INVALID')];
  expect(await codes(app, expected.length)).toEqual(expected);
  await expectAllAlive(app, workers);
});

test('handed back as connections: only real connections go to another worker', async () => {
  const app = await startWithAlone();
  const workers = await app.workers();
  const others = kinds.filter((kind) => kind === 'pipe' || !streams.includes(kind));
  await write(
    app,
    workers[0],
    others.map((kind) => [returned(), [kind]]),
  );
  expect(await codes(app, others.length)).toEqual(others.map(() => 'ERR_HANDLE_INVALID'));
  await expectAllAlive(app, workers);
});

test('handed back by a worker that is not draining: not even connections are taken', async () => {
  const app = await startWithAlone({ balance: 'round-robin' });
  const workers = await app.workers();
  // Who lets another read its own channel hears nothing any more.
  const connections = streams.filter((kind) => !['pipe', 'channel'].includes(kind));
  await write(
    app,
    workers[0],
    connections.map((kind) => [returned(), [kind]]),
  );
  expect(await codes(app, connections.length)).toEqual(connections.map(() => 'ERR_MESSAGE_FORBIDDEN'));
  await expectAllAlive(app, workers);
});

test('a descriptor stays with its message, and none is left open', async () => {
  const app = await startWithAlone();
  const workers = await app.workers();
  const before = openFiles(app.pid);
  const message = JSON.stringify({ to: 'alone', action: 'plain' });
  await write(app, workers[0], [
    [message, ['udp']],
    [message, []],
    [frame('net.Native', { to: 'nobody at all', action: 'several' }), ['listener', 'udp', 'file']],
    [frame('net.Native', { to: 'alone', action: 'next' }), ['listener']],
    ['no JSON', ['file']],
    [frame('net.Native', { to: 'alone', action: 'none' }), []],
  ]);
  // No handle was taken for that of another message: that would be ERR_HANDLE_INVALID.
  const expected = ['ERR_HANDLE_STRAY', 'ERR_HANDLE_STRAY', 'ERR_MESSAGE_INVALID', 'ERR_HANDLE_STRAY'];
  expect(await codes(app, expected.length)).toEqual(expected);
  expect(app.reports('aloneMessage').map(({ message: { action } }) => action)).toEqual([
    'plain',
    'plain',
    'next',
    'written',
  ]);
  await until(() => openFiles(app.pid) <= before + 1); // the one that the app was given
  await expectAllAlive(app, workers);
});

test('a terminal is no handle for the app either', async () => {
  const app = await start(
    {},
    { command: ['python3', path.join(__dirname, '../support/terminal.py')], script: fixture('handles-app.js') },
  );
  await expect(app.call('sendTerminal')).rejects.toMatchObject({
    code: 'ERR_HANDLE_INVALID',
    message: expect.stringMatching(/net\.Socket/),
  });
  expect(app.events('exit')).toEqual([]);
});

test('a connection that ends two workers before they have it goes to no third one', async () => {
  const app = await start({ exec: fixture('workers/fragile.js'), balance: 'round-robin', count: 4 });
  const port = await app.port();
  const client = net.connect({ port, host: '127.0.0.1', localAddress: '127.0.0.66' });
  client.on('error', () => {});
  await once(client, 'close');
  await until(() => app.events('exit').length === 2);
  expect(app.events('exit').map(([, ...how]) => how)).toEqual([
    [null, 'SIGABRT'],
    [null, 'SIGABRT'],
  ]);
  expect(await codes(app, 1)).toEqual(['ERR_CONNECTION_FATAL']);
  expect(await readAll(await connect(port))).toMatch(/^\d+$/);
  expect(app.events('exit')).toHaveLength(2);
});
