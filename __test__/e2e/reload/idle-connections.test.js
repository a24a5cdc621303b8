'use strict';
// Idle keep-alive connections of a worker that is replaced: they are not closed, but another worker has them.

const { once } = require('node:events');
const fs = require('node:fs');
const net = require('node:net');
const path = require('node:path');
const { test } = require('../support/at-once');
const { start } = require('../support/cluster');
const { connect, readAll } = require('../support/client');
const { folder, script } = require('../support/files');
const { until } = require('../support/until');

const CONNECTIONS = 300;
const QUESTION = 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n';

/** Answers with its pid; `more` stands before the server listens. */
const server = (more = '', address = "0, '127.0.0.1'") =>
  script(`
    const http = require('node:http');
    const server = http.createServer({ connectionsCheckingInterval: 20 }, (request, response) => {
      if (request.url === '/crash') setImmediate(() => { throw new Error('by request'); });
      else response.end('pid ' + process.pid + ';');
    });
    server.keepAliveTimeout = 60_000;
    ${more}
    server.listen(${address});`);

/** The pid that answers on an open connection. */
async function ask(socket) {
  const answer = once(socket, 'data');
  socket.write(QUESTION);
  return Number(/pid (\d+);/.exec(String((await answer)[0]))[1]);
}

const pids = async (app) => (await app.workers()).map(({ pid }) => pid);

describe.each(['auto', 'round-robin', 'shared', 'sticky'])('balance %s', (balance) => {
  test('a reload closes no idle connection: a request on each is answered by a new worker', async () => {
    const app = await start({ exec: server(), count: 2, balance });
    const port = await app.port();
    const sockets = await Promise.all(Array.from({ length: CONNECTIONS }, () => connect(port)));
    const closed = [];
    for (const socket of sockets) socket.on('close', () => closed.push(socket));
    // One of three asks nothing before the reload.
    const used = sockets.filter((_, i) => i % 3 !== 0);
    const before = await pids(app);
    for (const pid of await Promise.all(used.map(ask))) expect(before).toContain(pid);
    const report = await app.call('reload');
    expect(report.ok).toBe(true);
    const after = await pids(app);
    for (const pid of await Promise.all(sockets.map(ask))) expect(after).toContain(pid);
    expect(closed).toEqual([]);
    for (const socket of sockets) socket.destroy();
  });
});

test('of a unix socket as well, as a proxy before the app has them', async () => {
  const file = path.join(folder(), 'app.sock');
  const app = await start({ exec: server('', JSON.stringify(file)), count: 2 });
  const socket = net.connect(file);
  const closed = once(socket, 'close').then(() => 'closed');
  const before = await ask(socket);
  await app.call('reload');
  const after = await Promise.race([ask(socket), closed]);
  expect(await pids(app)).toContain(after);
  expect(after).not.toBe(before);
  socket.destroy();
});

test('of a server that was closed and listens again', async () => {
  const file = path.join(folder(), 'port');
  const exec = server(`
    const fs = require('node:fs');
    const tell = () => {
      fs.writeFileSync(${JSON.stringify(`${file}.new`)}, String(server.address().port));
      fs.renameSync(${JSON.stringify(`${file}.new`)}, ${JSON.stringify(file)});
    };
    server.once('listening', () => server.close(() => server.listen(0, '127.0.0.1', tell)));`);
  const app = await start({ exec, count: 1 });
  await until(() => fs.existsSync(file));
  const socket = await connect(Number(fs.readFileSync(file)));
  const closed = once(socket, 'close').then(() => 'closed');
  const before = await ask(socket);
  const report = await app.call('reload');
  expect(report.ok).toBe(true);
  const after = await Promise.race([ask(socket), closed]);
  expect(await pids(app)).toContain(after);
  expect(after).not.toBe(before);
  socket.destroy();
});

test('one that crashes by a request hands over its other connections', async () => {
  const app = await start({ exec: server(), count: 1 });
  const port = await app.port();
  const socket = await connect(port);
  const first = await ask(socket);
  const crashing = await connect(port);
  crashing.on('error', () => {});
  crashing.write('GET /crash HTTP/1.1\r\nHost: localhost\r\n\r\n');
  await app.event('exit');
  const second = await ask(socket);
  expect(second).not.toBe(first);
  socket.destroy();
});

test('an app that waits for the close of its connections ends at once', async () => {
  const tracking = `
    const open = new Set();
    server.on('connection', (socket) => {
      open.add(socket);
      socket.on('close', () => {
        open.delete(socket);
        end();
      });
    });
    let stops = false;
    const end = () => stops && open.size === 0 && process.exit();
    process.on('SIGTERM', () => {
      stops = true;
      end();
    });`;
  const app = await start({ exec: server(tracking), count: 1 });
  const socket = await connect(await app.port());
  const before = await ask(socket);
  await app.call('reload');
  expect(app.events('exit').map(([, ...how]) => how)).toEqual([[0, null]]);
  expect(await ask(socket)).not.toBe(before);
  socket.destroy();
});

// What it read would be missing in the other worker.
test('where something else reads a connection before the HTTP server, it is closed', async () => {
  const reading = `
    const [nodes] = server.listeners('connection');
    server.removeListener('connection', nodes);
    server.on('connection', function readsFirst(socket) {
      Reflect.apply(nodes, this, [socket]);
    });`;
  const app = await start({ exec: server(reading), count: 1, killTimeout: 1000 });
  const socket = await connect(await app.port());
  await ask(socket);
  const closed = once(socket, 'close');
  await Promise.all([app.call('reload'), closed]);
});

// As Node does after a request; of a new connection it would answer with 408 what nobody has asked.
test.each(['keepAliveTimeout', 'headersTimeout'])(
  'one that went on is closed without a word when its time is over (%s)',
  async (limit) => {
    // The old worker would close it, too.
    const app = await start({ exec: server(`server.${limit} = Number(process.env.LIMIT ?? 60_000);`), count: 1 });
    const socket = await connect(await app.port());
    await ask(socket);
    await app.call('reload', { env: { LIMIT: '300' } });
    expect(await readAll(socket)).toBe('');
    const { listeners } = await app.call('stats');
    expect(listeners.map(({ counts }) => counts.handedAgain)).toEqual([1]);
  },
);
