'use strict';

const dgram = require('node:dgram');
const { once } = require('node:events');
const { test } = require('../support/at-once');
const { start, startNodeCluster, fixture } = require('../support/cluster');
const { freePort } = require('../support/free-port');
const { closeAtEnd } = require('../support/scope');
const { until } = require('../support/until');

const loopback = { udp4: '127.0.0.1', udp6: '::1' };

const config = (create, bind, others) => ({
  exec: fixture('workers/datagrams.js'),
  args: [JSON.stringify([create, bind])],
  ...others,
});

const addresses = async (app, count = 2) => (await app.reported('listening', count)).map(({ address }) => address);

/** A client's socket, closed with the test. */
async function client(options) {
  const socket = closeAtEnd(dgram.createSocket(options));
  socket.bind(0, loopback[options.type ?? options]);
  await once(socket, 'listening');
  return socket;
}

/** A port that nobody has. */
async function freeUdpPort(type) {
  const port = await freePort();
  const socket = dgram.createSocket(type).bind(port, loopback[type]);
  await once(socket, 'listening');
  socket.close();
  await once(socket, 'close');
  return port;
}

/** Sends `text` until it is answered: a datagram may be lost. */
async function ask(type, port, text) {
  const socket = await client(type);
  let answer;
  socket.on('message', (bytes) => (answer = JSON.parse(bytes)));
  await until(() => {
    if (!answer) socket.send(text, port, loopback[type]);
    return answer;
  });
  return answer;
}

describe.each(['udp4', 'udp6'])('%s', (type) => {
  test('port 0 is the same for all, as under node:cluster; a datagram is answered', async () => {
    const bind = { port: 0, address: loopback[type] };
    const node = await startNodeCluster(config(type, bind));
    const app = await start(config(type, bind));
    const [{ port }] = await addresses(app);
    expect(await addresses(app)).toEqual((await addresses(node)).map((address) => ({ ...address, port })));
    expect(port).toBeGreaterThan(0);
    const told = (events) => events.map(([, address]) => address);
    expect(told(app.events('listening'))).toEqual(
      told(node.events('listening')).map((address) => ({ ...address, port })),
    );

    const { text, pid } = await ask(type, port, 'hello');
    expect(text).toBe('hello');
    expect((await app.workers()).map((worker) => worker.pid)).toContain(pid);
  });

  test('a port that is a text, as the environment has it', async () => {
    const port = await freeUdpPort(type);
    const app = await start(config(type, { port: String(port), address: loopback[type] }));
    expect((await addresses(app)).map((address) => address.port)).toEqual([port, port]);
    await expect(ask(type, port, 'hello')).resolves.toMatchObject({ text: 'hello' });
  });

  test('the port outlives a worker that is killed, and the other one answers for it', async () => {
    const app = await start(config(type, { port: 0, address: loopback[type] }));
    const [{ port }] = await addresses(app);
    for (const victim of await app.workers()) {
      process.kill(victim.pid, 'SIGKILL');
      await app.event('exit', ({ id }) => id === victim.id);
      const { pid } = await ask(type, port, 'still there?');
      expect(pid).not.toBe(victim.pid);
      await app.event('listening', ({ slot, id }) => slot === victim.slot && id !== victim.id);
    }
    for (const address of await addresses(app, 4)) expect(address.port).toBe(port);
  });

  test('a port that is taken: the error of node:cluster', async () => {
    const holder = await client(type);
    const bind = { port: holder.address().port, address: loopback[type] };
    const node = await startNodeCluster(config(type, bind));
    const app = await start(config(type, bind));
    const [expected] = (await node.reported('listenError', 2)).map(({ error }) => error);
    expect(expected.code).toBe('EADDRINUSE');
    expect((await app.reported('listenError', 2)).map(({ error }) => error)).toEqual([expected, expected]);
  });

  test('exclusive: a port for each worker', async () => {
    const app = await start(config(type, { port: 0, address: loopback[type], exclusive: true }, { ready: 'online' }));
    const reports = await app.reported('listening', 2);
    expect(reports[0].address.port).not.toBe(reports[1].address.port);
    for (const { pid, address } of reports) expect(await ask(type, address.port, 'you')).toEqual({ text: 'you', pid });
  });

  test('exclusive, one port: only one worker has it', async () => {
    const port = await freeUdpPort(type);
    const app = await start(config(type, { port, address: loopback[type], exclusive: true }, { ready: 'online' }));
    const [{ pid }] = await app.reported('listening', 1);
    const [{ error }] = await app.reported('listenError', 1);
    expect(error.code).toBe('EADDRINUSE');
    expect(await ask(type, port, 'you')).toEqual({ text: 'you', pid });
  });

  test('reuseAddr: a port that another has with the same option', async () => {
    const holder = await client({ type, reuseAddr: true });
    const { port } = holder.address();
    const app = await start(config({ type, reuseAddr: true }, { port, address: loopback[type] }));
    expect((await addresses(app)).map((address) => address.port)).toEqual([port, port]);
    expect(app.reports('listenError')).toEqual([]);
  });
});

test('ipv6Only leaves the IPv4 port to others', async () => {
  const holder = await client('udp4');
  const { port } = holder.address();
  const app = await start(config({ type: 'udp6', ipv6Only: true }, { port, address: '::' }));
  expect((await addresses(app)).map((address) => address.port)).toEqual([port, port]);
  expect((await ask('udp6', port, 'six')).text).toBe('six');
});

test('the port is free again after close()', async () => {
  const app = await start(config('udp4', { port: 0, address: '127.0.0.1' }));
  const [{ port }] = await addresses(app);
  await app.call('close');
  const socket = closeAtEnd(dgram.createSocket('udp4').bind(port, '127.0.0.1'));
  await once(socket, 'listening');
});

test('a worker that is replaced leaves the datagrams to others: it ends although they go on coming', async () => {
  const app = await start(config('udp4', { port: 0, address: '127.0.0.1' }, { count: 1, killTimeout: 4000 }));
  const [{ port }] = await addresses(app, 1);
  const socket = await client('udp4');
  const flood = setInterval(() => {
    for (let i = 0; i < 200; i++) socket.send('on and on', port, '127.0.0.1');
  }, 5);
  try {
    await app.call('reload');
    const [{ exitReason }, ...rest] = await app.event('exit');
    expect([exitReason, ...rest]).toEqual(['reload', 0, null]);
  } finally {
    clearInterval(flood);
  }
});
