'use strict';
// What clients see of a restart.

const { once } = require('node:events');
const fs = require('node:fs');
const http = require('node:http');
const http2 = require('node:http2');
const https = require('node:https');
const path = require('node:path');
const { setImmediate: turn } = require('node:timers/promises');
const { test } = require('../support/at-once');
const { connect, hold, request } = require('../support/client');
const { fixture } = require('../support/cluster');
const { Project, source, BROKEN, nth } = require('../support/development');
const { folder } = require('../support/files');

const ca = fs.readFileSync(fixture('tls/cert.pem'));

/** A running app of version v1, its port and its project. */
async function running(config) {
  const project = new Project({ 'src/app.js': source('v1') });
  const app = await project.start(config);
  return { project, app, port: await app.port() };
}

/** Saves v2, which takes a moment to boot; resolves when the old worker is gone. */
async function restart({ project, app }) {
  project.save('src/app.js', source('v2', { bootMs: 300 }));
  await nth(app, 'exit', 1);
  // What the old worker did with connections was done before it went; this process may not have read it yet.
  await turn();
}

function post(port, body, options) {
  return new Promise((resolve, reject) => {
    const outgoing = http.request({ port, host: '127.0.0.1', method: 'POST', ...options }, async (incoming) => {
      let text = '';
      for await (const part of incoming) text += part;
      resolve(JSON.parse(text));
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

describe('between the workers', () => {
  test('requests wait and are answered by the new one, with their bodies', async () => {
    const started = await running();
    await restart(started);
    const body = Buffer.alloc(300_000, 'x');
    const asked = Array.from({ length: 20 }, () => post(started.port, body, { agent: false }));
    const answers = await Promise.all(asked);
    const [{ pid }] = await started.app.workers();
    expect(answers).toEqual(Array(20).fill({ version: 'v2', pid, bytes: body.length }));
    expect(started.app.events('crash')).toEqual([]);
  });

  test('requests wait through a crash, until a save fixes it', async () => {
    const { project, app, port } = await running();
    project.save('src/app.js', BROKEN);
    await nth(app, 'crash', 1);
    const asked = Array.from({ length: 80 }, () => request(port));
    project.save('src/app.js', source('v2'));
    expect(new Set((await Promise.all(asked)).map(({ body }) => body.version))).toEqual(new Set(['v2']));
  });

  test('a client that keeps its connection alive gets no stale answer', async () => {
    const started = await running();
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    const options = { agent };
    expect((await request(started.port, '/', options)).body.version).toBe('v1');
    await restart(started);
    expect((await request(started.port, '/', options)).body.version).toBe('v2');
    expect(await post(started.port, 'body', options)).toMatchObject({ version: 'v2', bytes: 4 });
    agent.destroy();
  });

  test.each(['auto', 'shared'])('an idle connection is passed on to the new one (balance: %s)', async (balance) => {
    const started = await running({ balance });
    const socket = await connect(started.port);
    const ask = async () => {
      const answer = once(socket, 'data');
      socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
      return String((await answer)[0]);
    };
    expect(await ask()).toContain('"version":"v1"');
    await restart(started);
    expect(await ask()).toContain('"version":"v2"');
    socket.destroy();
  });

  test('all idle connections are passed on, though the master stands still meanwhile', async () => {
    // Longer than the old worker has.
    const standStill = `
      process.once('yunfly:drain', () => {
        require('node:child_process').spawn('sh', ['-c', 'sleep 2; kill -CONT ' + process.ppid], { stdio: 'ignore' });
        process.kill(process.ppid, 'SIGSTOP');
      });
    `;
    const project = new Project({ 'src/app.js': source('v1') + standStill });
    const app = await project.start();
    const port = await app.port();
    const sockets = await Promise.all(Array.from({ length: 50 }, () => connect(port)));
    const ask = async (socket) => {
      const answer = once(socket, 'data');
      socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
      return /"version":"(\w+)"/.exec(String((await answer)[0]))[1];
    };
    expect(new Set(await Promise.all(sockets.map(ask)))).toEqual(new Set(['v1']));
    await restart({ project, app });
    expect(new Set(await Promise.all(sockets.map(ask)))).toEqual(new Set(['v2']));
    for (const socket of sockets) socket.destroy();
  });

  test('a connection that was opened before, and asks only now', async () => {
    const started = await running();
    await restart(started);
    const socket = await connect(started.port);
    await nth(started.app, 'workerReady', 2);
    const answer = once(socket, 'data');
    socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
    expect(String((await answer)[0])).toContain('"version":"v2"');
    socket.destroy();
  });

  test('a unix socket stays, too', async () => {
    const socketPath = path.join(folder(), 'socket');
    const unix = (text, bootMs) => `
      const server = require('node:http').createServer((_request, response) => response.end('${text}'));
      setTimeout(() => server.listen(${JSON.stringify(socketPath)}), ${bootMs});
    `;
    const project = new Project({ 'src/app.js': unix('v1', 0) });
    const app = await project.start();
    expect((await request(undefined, '/', { socketPath })).text).toBe('v1');
    project.save('src/app.js', unix('v2', 300));
    await nth(app, 'exit', 1);
    expect((await request(undefined, '/', { socketPath })).text).toBe('v2');
  });

  // Takes 10 s.
  test('a client that waited 10 s without a worker gets a 503 with the reason', async () => {
    const { project, app, port } = await running();
    project.save('src/app.js', BROKEN);
    await nth(app, 'reload', 1);
    const began = performance.now();
    const asked = Array.from({ length: 20 }, async () => {
      const answer = await request(port);
      return { ...answer, after: performance.now() - began };
    });
    // Who doesn't speak HTTP.
    const silent = await connect(port);
    const closed = once(silent.resume(), 'close').then(() => performance.now() - began);
    for (const { status, headers, text, after } of await Promise.all(asked)) {
      expect(status).toBe(503);
      expect(headers).toMatchObject({ 'cache-control': 'no-store', connection: 'close' });
      expect(text).toMatch(/SyntaxError.*It is started again when a file is saved|started again.*SyntaxError/s);
      expect(after).toBeGreaterThanOrEqual(10_000);
    }
    expect(await closed).toBeGreaterThanOrEqual(10_000);
    const late = request(port);
    project.save('src/app.js', source('v2'));
    expect((await late).body.version).toBe('v2');
  });
});

describe('under way when it begins', () => {
  test('a request that is about to be answered is answered by the old one', async () => {
    const { project, app, port } = await running();
    const answer = request(port, '/drained');
    await app.report('asked');
    project.save('src/app.js', source('v2'));
    await expect(answer).resolves.toMatchObject({ body: { version: 'v1' }, headers: { connection: 'close' } });
    expect((await request(port)).body.version).toBe('v2');
  });

  test.each([
    ['has asked nothing yet', 0],
    ['was kept alive', 1],
    ['was kept alive for long', 3],
  ])("an idle connection that %s is the new one's", async (_which, asked) => {
    const { project, app, port } = await running();
    const socket = await connect(port);
    const ask = async () => {
      socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
      const [answer] = await once(socket, 'data');
      return /"version":"(v\d)"/.exec(answer)[1];
    };
    for (let i = 0; i < asked; i++) expect(await ask()).toBe('v1');
    // The worker has it: another connection was taken after it.
    await request(port);
    project.save('src/app.js', source('v2'));
    await app.event('exit');
    expect(await ask()).toBe('v2');
    expect(await ask()).toBe('v2');
    socket.destroy();
  });

  test('a request that takes for ever is cut', async () => {
    const { project, app, port } = await running();
    const answer = request(port, '/never');
    const cut = expect(answer).rejects.toMatchObject({ code: 'ECONNRESET' });
    await app.report('asked');
    project.save('src/app.js', source('v2'));
    await cut;
    expect((await request(port)).body.version).toBe('v2');
    const [report] = await nth(app, 'reload', 1);
    expect(report.ok).toBe(true);
    expect(app.events('crash')).toEqual([]);
  });

  test('an upgraded connection (WebSocket) is closed', async () => {
    const { project, app, port } = await running();
    const socket = await connect(port);
    socket.write('GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n');
    const [greeting] = await once(socket, 'data');
    expect(String(greeting)).toMatch(/^HTTP\/1.1 101 /);
    project.save('src/app.js', source('v2'));
    await once(socket, 'close');
    await nth(app, 'reload', 1);
    expect((await request(port)).body.version).toBe('v2');
  });

  test('a plain TCP connection as well', async () => {
    const project = new Project({ 'src/app.js': source('v1') });
    const hold1 = `require(${JSON.stringify(require.resolve('../../fixtures/workers/hold.js'))});\n`;
    project.save('src/app.js', hold1);
    const app = await project.start();
    const { socket, taken } = hold(await app.port());
    await taken;
    project.save('src/app.js', hold1);
    await once(socket, 'close');
    await nth(app, 'reload', 1);
  });

  test("https: an open connection is closed, the next one is the new one's", async () => {
    const project = new Project({ 'src/app.js': source('v1', { protocol: 'https' }) });
    const app = await project.start();
    const port = await app.port();
    const options = { secure: true, ca, servername: 'localhost' };
    const agent = new https.Agent({ keepAlive: true });
    expect((await request(port, '/', { ...options, agent })).body.version).toBe('v1');
    const [[socket]] = Object.values(agent.freeSockets);
    const closed = once(socket, 'close');
    project.save('src/app.js', source('v2', { protocol: 'https' }));
    await closed;
    expect((await request(port, '/', options)).body.version).toBe('v2');
    agent.destroy();
  });

  test("http2: an open session is closed, the next one is the new one's", async () => {
    const project = new Project({ 'src/app.js': source('v1', { protocol: 'http2' }) });
    const app = await project.start();
    const port = await app.port();
    const open = () => http2.connect(`https://127.0.0.1:${port}`, { ca, servername: 'localhost' });
    const version = async (session) => {
      let text = '';
      for await (const part of session.request({ ':path': '/' })) text += part;
      return JSON.parse(text).version;
    };
    const session = open();
    expect(await version(session)).toBe('v1');
    const closed = once(session, 'close');
    project.save('src/app.js', source('v2', { protocol: 'http2' }));
    await closed;
    const next = open();
    expect(await version(next)).toBe('v2');
    next.destroy();
  });

  test('a worker in an endless loop is replaced', async () => {
    const { project, app, port } = await running();
    const lost = expect(request(port, '/loop')).rejects.toMatchObject({ code: 'ECONNRESET' });
    await app.report('asked');
    project.save('src/app.js', source('v2'));
    await lost;
    await nth(app, 'reload', 1);
    expect((await request(port)).body.version).toBe('v2');
    expect(app.events('exit')[0].slice(1)).toEqual([null, 'SIGKILL']);
    expect(app.events('crash')).toEqual([]);
  });
});
