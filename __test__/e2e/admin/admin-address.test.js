'use strict';

const fs = require('node:fs');
const net = require('node:net');
const { once } = require('node:events');
const path = require('node:path');
const { test } = require('../support/at-once');
const { connect, readAll, request } = require('../support/client');
const { start, launch } = require('../support/cluster');
const { folder } = require('../support/files');

const one = { count: 1 };
/** As many as the master keeps (crates/master/src/admin.rs). */
const MOST_CONNECTIONS = 128;

function askPath(socketPath, url) {
  return request(undefined, url, { socketPath, host: undefined });
}

const descriptorsOf = (pid) => fs.readdirSync(`/proc/${pid}/fd`).length;

test('a path; what an app that was killed has left there is no obstacle', async () => {
  const socket = path.join(folder(), 'admin.sock');
  const killed = await start({ ...one, admin: { path: socket } });
  await expect(killed.call('adminAddress')).resolves.toEqual({ path: socket });
  killed.kill('SIGKILL');
  await killed.gone;
  expect(fs.existsSync(socket)).toBe(true);

  const app = await start({ ...one, admin: { path: socket } });
  await expect(askPath(socket, '/stats')).resolves.toMatchObject({ status: 200, body: { ready: true } });

  const second = launch({ ...one, admin: { path: socket } });
  const [error] = await second.event('rejected');
  expect(error).toMatchObject({
    code: 'ERR_ADMIN_ADDRESS',
    message: expect.stringContaining(`${socket} cannot be used`),
  });
  await second.gone;
  await expect(askPath(socket, '/livez')).resolves.toMatchObject({ status: 200 });

  await app.call('close');
  await app.gone;
  expect(fs.existsSync(socket)).toBe(false);
});

test('what is no socket is not taken for one that was left', async () => {
  const file = path.join(folder(), 'precious');
  fs.writeFileSync(file, 'data');
  const app = launch({ ...one, admin: { path: file } });
  const [error] = await app.event('rejected');
  expect(error).toMatchObject({ code: 'ERR_ADMIN_ADDRESS', message: expect.stringContaining('EADDRINUSE') });
  await app.gone;
  expect(fs.readFileSync(file, 'utf8')).toBe('data');
});

test('when the cluster has ended the address is free, and the next one may have it', async () => {
  const app = await start({ ...one, admin: 0 });
  const { port } = await app.call('adminAddress');
  await app.call('close');
  await app.gone;
  const next = await start({ ...one, admin: port });
  await expect(request(port, '/readyz')).resolves.toMatchObject({ status: 200 });
  await next.call('close');
});

test('a port that is in use: the start fails before any process is forked, and the error names what to do', async () => {
  const holder = net.createServer().listen(0, '127.0.0.1');
  await once(holder, 'listening');
  const { port } = holder.address();
  const app = launch({ ...one, admin: { port } });
  const [error] = await app.event('rejected');
  expect(error).toMatchObject({
    name: 'ClusterError',
    code: 'ERR_ADMIN_ADDRESS',
    message: expect.stringMatching(`127.0.0.1:${port} cannot be used: EADDRINUSE.*\`admin\``),
  });
  await expect(app.gone).resolves.toEqual({ code: 1, signal: null });
  expect(app.events('fork')).toEqual([]);
  holder.close();
});

test('without `admin` there is none', async () => {
  const app = await start(one);
  await expect(app.call('adminAddress')).resolves.toBe(null);
});

test('who sends what is no request is told so', async () => {
  const app = await start({ ...one, admin: 0 });
  const { port } = await app.call('adminAddress');
  for (const [bytes, status] of [
    ['garbage\r\n\r\n', '400 Bad Request'],
    [Buffer.from('1603010200010001fc0303', 'hex'), '400 Bad Request'],
    ['DELETE / HTTP/1.1\r\n\r\n', '405 Method Not Allowed'],
    ['POST /stats HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nConnection: close\r\n\r\n', '405 Method Not Allowed'],
    ['GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n', '501 Not Implemented'],
    [`GET /${'a'.repeat(20_000)} HTTP/1.1\r\n\r\n`, '413 Content Too Large'],
  ]) {
    const socket = await connect(port);
    socket.write(bytes);
    socket.end();
    expect((await readAll(socket)).split('\r\n')[0]).toBe(`HTTP/1.1 ${status}`);
  }
});

test('several requests in one piece, and one in many', async () => {
  const app = await start({ ...one, admin: 0 });
  const { port } = await app.call('adminAddress');
  const socket = await connect(port);
  socket.setNoDelay(true);
  socket.write('GET /livez HTTP/1.1\r\n\r\nGET /readyz HTTP/1.1\r\n\r\n');
  for (const character of 'HEAD /livez HTTP/1.1\r\nConnection: close\r\n\r\n') {
    socket.write(character);
    await new Promise(setImmediate);
  }
  const answers = (await readAll(socket)).split(/(?=HTTP\/1\.1)/);
  expect(answers.map((answer) => answer.split('\r\n\r\n')[1])).toEqual(['alive\n', 'ready\n', '']);
});

const testDescriptors = process.platform === 'linux' ? test : test.skip;

testDescriptors('those who ask slowly, or nothing, are few, and keep nobody from being answered', async () => {
  const app = await start({ ...one, admin: 0 });
  const { port } = await app.call('adminAddress');
  const before = descriptorsOf(app.pid);
  const slow = [];
  for (let i = 0; i < 4 * MOST_CONNECTIONS; i += 1) {
    const socket = await connect(port);
    socket.on('error', () => {});
    if (i % 2) socket.write('GET /metrics HTTP/1.1\r\nHost: ');
    slow.push(socket);
  }
  await expect(request(port, '/readyz')).resolves.toMatchObject({ status: 200 });
  expect(descriptorsOf(app.pid) - before).toBeLessThanOrEqual(MOST_CONNECTIONS);
  await expect(request(await app.port())).resolves.toMatchObject({ status: 200 });
  for (const socket of slow) socket.destroy();
});
