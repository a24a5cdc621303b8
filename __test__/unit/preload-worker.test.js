'use strict';
// What the preload tells the master of a worker's life.

const path = require('node:path');
const { execFileSync } = require('node:child_process');
const { once } = require('node:events');
const { folder, removeFolders } = require('./support/folder');
const { request } = require('./support/http');
const { endAll, startServers, startWorker } = require('./support/preloaded');

const server = path.join(__dirname, 'fixtures/server.js');
const script = (source, name = 'worker.js') => path.join(folder({ [name]: source }), name);

jest.setTimeout(120_000);
afterEach(endAll);
afterAll(removeFolders);

describe('before it is ready', () => {
  test('what it throws is told, and Node prints it', async () => {
    const exec = script(`throw Object.assign(new TypeError('no database'), { code: 'E_DB' });`);
    const child = startWorker(exec);
    await expect(child.ended).resolves.toEqual({ code: 1, signal: null });
    const stack = expect.stringContaining(exec);
    expect(child.told).toEqual([
      {
        act: 'error',
        phase: 'boot',
        fatal: true,
        error: { name: 'TypeError', message: 'no database', code: 'E_DB', stack },
      },
    ]);
    expect(child.stderr).toContain('throw Object.assign');
  });

  test.each([
    [
      'a rejection',
      `Promise.reject(new RangeError('nobody caught it')); setInterval(() => {}, 1000);`,
      'nobody caught it',
    ],
    ['something that is no Error', `throw { reason: 7 };`, '{ reason: 7 }'],
    ['nothing', `throw undefined;`, 'undefined'],
    ['a syntax error', `const a = ;`, "Unexpected token ';'"],
  ])('%s is told', async (_what, source, message) => {
    const child = startWorker(script(source));
    expect((await child.ended).code).toBe(1);
    expect(child.told).toEqual([
      expect.objectContaining({ phase: 'boot', fatal: true, error: expect.objectContaining({ message }) }),
    ]);
  });

  test('an ES module', async () => {
    const child = startWorker(script(`await null; throw new Error('from a module');`, 'worker.mjs'));
    expect((await child.ended).code).toBe(1);
    expect(child.told).toEqual([
      expect.objectContaining({ error: expect.objectContaining({ message: 'from a module' }) }),
    ]);
  });

  test('what the app handles itself is not told', async () => {
    const child = startWorker(
      script(`
        process.once('uncaughtException', () => process.send({ handled: true }));
        process.on('message', () => {});
        throw new Error('handled');`),
    );
    await child.sends('handled');
    child.drain();
    await expect(child.ended).resolves.toEqual({ code: 0, signal: null });
    expect(child.acts).toEqual(['drained']);
  });
});

describe('when it is ready', () => {
  test('an uncaught exception: told first, printed, requests under way are finished, exit code 1', async () => {
    const child = await startServers(server);
    const held = request(child.port, { path: '/held' });
    await child.sends('held');
    await request(child.port, { path: '/crash' });
    const error = await child.tells('error');
    expect(error).toMatchObject({ phase: 'run', fatal: true, error: { name: 'Error', message: 'thrown on purpose' } });
    expect(await child.sends('drain')).toBe('uncaughtException');
    child.send('answer');
    expect(await held).toMatchObject({ text: 'held', headers: { connection: 'close' } });
    await expect(child.ended).resolves.toEqual({ code: 1, signal: null });
    expect(child.acts).toEqual(['error', 'drained']);
    expect(child.stderr).toMatch(/^unit:worker:3 \(pid \d+\): uncaught exception\nError: thrown on purpose\n +at /);
  });

  test('an uncaught exception is printed behind what stderr has not taken yet, and not into it', async () => {
    const source = `
      process.on('message', () => {
        process.stderr.write('x'.repeat(4_000_000) + '\\n');
        throw new Error('thrown on purpose');
      });
      require('node:http').createServer().listen(0);`;
    const child = await startServers(script(source));
    child.send({});
    await expect(child.ended).resolves.toEqual({ code: 1, signal: null });
    expect(child.stderr).toMatch(
      /^x{4000000}\nunit:worker:3 \(pid \d+\): uncaught exception\nError: thrown on purpose\n +at /,
    );
  });

  test('an unhandled rejection is left to Node, which makes an uncaught exception of it', async () => {
    const child = await startServers(server);
    await request(child.port, { path: '/reject' });
    expect((await child.ended).code).toBe(1);
    expect(child.stderr).toMatch(/unhandled rejection\nError: rejected on purpose/);
  });

  test('unless the app chose another way with --unhandled-rejections', async () => {
    const child = await startServers(server, { execArgv: ['--unhandled-rejections=none'] });
    await request(child.port, { path: '/reject' });
    expect(await request(child.port)).toMatchObject({ text: 'ok' });
    expect(child.acts).toEqual([]);
  });

  test('an exception that the app handles by a listener of its own is the app’s matter', async () => {
    const child = await startServers(server);
    await request(child.port, { path: '/handled' });
    expect(await child.sends('handled')).toBe('handled by the app');
    expect(await request(child.port)).toMatchObject({ text: 'ok' });
    expect(child.acts).toEqual([]);
  });

  test.each([
    ['online', `setTimeout(() => { throw new Error('later'); }, 50);`],
    ['message', `process.send('ready'); setTimeout(() => { throw new Error('later'); }, 50);`],
  ])('ready by %s: what it throws later is no boot error', async (ready, source) => {
    const child = startWorker(script(source), { boot: { ready } });
    expect((await child.ended).code).toBe(1);
    expect(child.told[0]).toMatchObject({ act: 'error', phase: 'run', fatal: true });
  });
});

test('SIGTERM: it says that it leaves, finishes what it has, and exits with 0', async () => {
  const child = await startServers(server);
  const held = request(child.port, { path: '/held' });
  await child.sends('held');
  child.kill('SIGTERM');
  expect(await child.tells('draining')).toMatchObject({ reason: 'SIGTERM' });
  child.send('answer');
  expect(await held).toMatchObject({ text: 'held' });
  await expect(child.ended).resolves.toEqual({ code: 0, signal: null });
  expect(child.acts).toEqual(['draining', 'drained']);
});

test('the app is gone: it finishes what it has, and exits', async () => {
  const exec = script(`
    const http = require('http');
    http.createServer((_request, response) => {
      process.send({ requested: true });
      process.once('disconnect', () => setTimeout(() => response.end('after the end'), 100));
    }).listen(0);`);
  const child = await startServers(exec);
  const answer = request(child.port);
  await child.sends('requested');
  child.disconnect();
  expect(await answer).toMatchObject({ text: 'after the end', headers: { connection: 'close' } });
  await expect(child.ended).resolves.toEqual({ code: 0, signal: null });
});

test('the app is gone, and something does not end: it is ended within killTimeout', async () => {
  const child = await startServers(server, { boot: { killTimeout: 500 } });
  request(child.port, { path: '/held' }).catch(() => {});
  await child.sends('held');
  const begin = performance.now();
  child.disconnect();
  await expect(child.ended).resolves.toEqual({ code: 0, signal: null });
  expect(performance.now() - begin).toBeGreaterThanOrEqual(390);
  expect(child.stderr).toContain('did not end within killTimeout');
});

test.each(['/disconnect', '/kill'])("cluster.worker%s keeps Node's meaning", async (route) => {
  const child = await startServers(server);
  await request(child.port, { path: route });
  await expect(child.ended).resolves.toEqual({ code: 0, signal: null });
  expect(child.acts).toEqual([]);
  expect(child.worker.exitedAfterDisconnect).toBe(true);
});

test('a server that Node does not report is told as serving', async () => {
  const child = startWorker(server, { env: { EXCLUSIVE: '1' } });
  await child.tells('serving');
  expect(await request(await child.sends('port'))).toMatchObject({ text: 'ok' });
  child.drain();
  expect((await child.ended).code).toBe(0);
});

test('a server that an earlier listener closes as soon as it listens', async () => {
  const exec = script(`
    const server = require('http').createServer();
    server.on('listening', () => server.close()).on('close', () => process.send({ closed: true }));
    server.listen(0);`);
  const child = startWorker(exec);
  expect(await child.sends('closed')).toBe(true);
  expect(child.acts).not.toContain('error');
});

test('serving comes after Node’s own listening', async () => {
  const child = startWorker(server);
  const order = [];
  child.worker.process.on('internalMessage', ({ cmd, act }) => {
    if (act === 'listening' || (cmd === 'NODE_YUNFLY' && act === 'serving')) order.push(act);
  });
  await once(child.worker, 'listening');
  await child.tells('serving');
  expect(order).toEqual(['listening', 'serving']);
});

describe('the connections of its servers are told', () => {
  test('with the key of their socket, how many are open and how many there were', async () => {
    const child = await startServers(server);
    const held = request(child.port, { path: '/held' });
    await child.sends('held');
    await request(child.port);
    const both = await child.tells('connections', ({ servers: [one] }) => one?.accepted === 2 && one.open === 1);
    expect(both.servers).toEqual([{ key: expect.any(String), open: 1, accepted: 2, limited: false }]);
    child.send('answer');
    await held;
    const none = await child.tells('connections', ({ servers: [one] }) => one?.accepted === 2 && one.open === 0);
    expect(none.servers[0].key).toBe(both.servers[0].key);
  });

  test('one with maxConnections drops what is too many: it is limited', async () => {
    const exec = script(`
      const server = require('net').createServer().listen(0);
      server.maxConnections = 5;`);
    const child = await startServers(exec);
    const { servers } = await child.tells('connections');
    expect(servers).toEqual([{ key: expect.any(String), open: 0, accepted: 0, limited: true }]);
  });

  test('one that is not shared has no key, one that is closed is not told', async () => {
    const exec = script(`
      const server = require('net').createServer().listen({ port: 0, exclusive: true });
      process.on('message', () => server.close());
      setInterval(() => {}, 1000);`);
    const child = startWorker(exec);
    const { servers } = await child.tells('connections');
    expect(servers).toEqual([{ open: 0, accepted: 0, limited: false }]);
    child.send('close');
    await child.tells('connections', (told) => told.servers.length === 0);
  });
});

test('a message that was refused is a warning', async () => {
  const child = await startServers(server);
  child.tell('refused', { limit: 1024 });
  child.drain();
  await child.ended;
  expect(child.stderr).toMatch(/\[CLUSTER_MESSAGE_TOO_LARGE\] ClusterWarning: .*more than 1024 bytes/);
});

test('it leaves no trace in the process, its threads and the processes that it forks', async () => {
  const exec = script(`
    const { fork } = require('child_process');
    const { Worker, isMainThread, parentPort } = require('worker_threads');
    const state = () => ({
      execArgv: process.execArgv,
      token: process.env.YUNFLY_CLUSTER_BOOT ?? null,
      listen: require('net').Server.prototype.listen.length,
      patched: /loads/.test(require('net').Server.prototype.listen),
    });
    if (process.argv[2] === 'child') process.send(state(), () => process.disconnect());
    else if (!isMainThread) parentPort.postMessage(state());
    else {
      process.send({ own: { id: process.id, keys: Object.keys(process).includes('id'), title: process.title, ...state() } });
      fork(__filename, ['child']).on('message', (forked) => process.send({ forked }));
      new Worker(__filename).on('message', (thread) => process.send({ thread }));
      require('http').createServer().listen(0);
    }`);
  const child = await startServers(exec, { execArgv: ['--no-warnings'] });
  const clean = { execArgv: ['--no-warnings'], token: null, listen: 0 };
  expect(await child.sends('own')).toEqual({
    ...clean,
    id: child.pid,
    keys: false,
    title: 'unit:worker:3',
    patched: true,
  });
  expect(await child.sends('forked')).toEqual({ ...clean, patched: false });
  expect(await child.sends('thread')).toMatchObject({ token: null, patched: false });
  expect(execFileSync('ps', ['-o', 'args=', '-p', String(child.pid)], { encoding: 'utf8' })).toMatch(/^unit:worker:3/);
});
