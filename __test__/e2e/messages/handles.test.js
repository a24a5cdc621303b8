'use strict';
// Sockets and servers that go along with messages, by real traffic over them.

const { execFileSync } = require('node:child_process');
const dgram = require('node:dgram');
const { once } = require('node:events');
const fs = require('node:fs');
const { test } = require('../support/at-once');
const { connect, readAll } = require('../support/client');
const { start, fixture, runtime } = require('../support/cluster');
const { script } = require('../support/files');
const { until } = require('../support/until');

const config = { exec: fixture('workers/handles.js'), alone: fixture('alone/handles.js'), count: 2 };
const startPassing = (overlay) => start({ ...config, ...overlay }, { script: fixture('handles-app.js') });

/** kind: what its class is called where it arrives */
const kinds = {
  socket: 'Socket',
  unixSocket: 'Socket',
  server: 'Server',
  datagrams: 'Socket',
  nativeServer: 'TCP',
  nativeDatagrams: 'UDP',
};

const major = Number.parseInt(execFileSync(runtime, ['-p', 'process.versions.node'], { encoding: 'utf8' }), 10);

/** A worker of Node 18 asks for the server's port once more when it gets a server, under node:cluster as well: there the
 *  primary throws, here the worker has EINVAL. */
const canWorkersTake = (kind) => major > 18 || !kind.toLowerCase().includes('server');

/** What whoever has the handle of this port says. */
async function ask(kind, port) {
  if (!kind.toLowerCase().includes('datagrams')) return readAll(await connect(port));
  const socket = dgram.createSocket('udp4');
  socket.send('?', port, '127.0.0.1');
  const [text] = await once(socket, 'message');
  socket.close();
  return String(text);
}

/** Has a worker or the alone pass a handle; resolves with its port. */
async function makeIn(app, { pid, slot }, kind, send) {
  const to = slot === undefined ? { to: 'alone' } : { to: 'worker', worker_pid: pid };
  const before = app.reports('made').length;
  await app.call('sendmessage', { ...to, action: 'make', kind, send });
  return (await app.reported('made', before + 1))[before].port;
}

const openFiles = (pid) => fs.readdirSync(`/proc/${pid}/fd`).length;

describe.each(['json', 'advanced'])('serialization: %s', (serialization) => {
  /** In advanced mode with something that JSON cannot hold. */
  const text = serialization === 'json' ? { text: 'hello' } : { map: [['text', 'hello']] };

  test('from the app to a worker and to the alone', async () => {
    const app = await startPassing({ serialization });
    const [, worker] = await app.workers();
    const alone = await app.call('alone');
    const expected = [];
    for (const [kind, className] of Object.entries(kinds)) {
      const receivers = [...(canWorkersTake(kind) ? [{ id: worker.id, pid: worker.pid }] : []), { pid: alone.pid }];
      for (const { id, pid } of receivers) {
        const port = await app.call('make', kind, id, text);
        expect([kind, await ask(kind, port)]).toEqual([kind, `${pid} ${className} hello`]);
        // As Node does it: the sender's socket is closed, a server stays open until it is closed.
        expected.push([{ returned: true, closed: className === 'Socket' && kind !== 'datagrams' }]);
        await app.event('sent', () => app.events('sent').length === expected.length);
      }
    }
    expect(app.events('sent')).toEqual(expected);
  });

  test('from a worker and from the alone to the app', async () => {
    const app = await startPassing({ serialization });
    const [worker] = await app.workers();
    await app.call('answer');
    const expected = [];
    for (const [kind, className] of Object.entries(kinds)) {
      // First the child's own event, then the cluster's, then that of node:cluster, which has no alone.
      const events = ['child', 'cluster', `node ${worker.id} ${className}`];
      for (const child of [worker, await app.call('alone')]) {
        const port = await makeIn(app, child, kind, { to: 'app', text: 'up' });
        expect([kind, await ask(kind, port)]).toEqual([kind, `${app.pid} ${className} up`]);
        const isWorker = child === worker;
        if (isWorker) expected.push([expect.objectContaining({ from: worker.id, slot: worker.slot, events })]);
        else expected.push([expect.objectContaining({ events: events.slice(0, 2) })]);
        await app.event('got', () => app.events('got').length === expected.length);
      }
    }
    expect(app.events('got')).toEqual(expected);
  });

  test('from a worker to the alone, and from the alone to a worker: any one, or by its pid', async () => {
    const app = await startPassing({ serialization });
    const [worker, other] = await app.workers();
    const alone = await app.call('alone');
    for (const [kind, className] of Object.entries(kinds)) {
      const up = await makeIn(app, worker, kind, { to: 'alone', text: 'over' });
      expect([kind, await ask(kind, up)]).toEqual([kind, `${alone.pid} ${className} over`]);
      if (!canWorkersTake(kind)) continue;
      const down = await makeIn(app, alone, kind, { to: 'worker', worker_pid: other.pid, text: 'over' });
      expect([kind, await ask(kind, down)]).toEqual([kind, `${other.pid} ${className} over`]);
    }
  });
});

test('to any worker: to one of them; to all: every one gets it', async () => {
  const app = await startPassing();
  const pids = (await app.workers()).map(({ pid }) => String(pid));
  const alone = await app.call('alone');
  const port = await makeIn(app, alone, 'socket', { to: 'worker', text: 'one' });
  expect(pids).toContain((await ask('socket', port)).split(' ')[0]);
  await app.report('got');

  const send = { to: 'worker', type: 'all', text: 'all' };
  await app.call('sendmessage', { to: 'alone', action: 'make', kind: 'datagrams', send });
  const got = (await app.reported('got', 3)).slice(1);
  expect(got.map(({ pid }) => String(pid)).sort()).toEqual(pids.sort());
  const [, { port: shared }] = await app.reported('made', 2);
  expect(pids).toContain((await ask('datagrams', shared)).split(' ')[0]);
});

test('keepOpen: the sender goes on with its socket', async () => {
  const app = await startPassing();
  const [{ id, pid }] = await app.workers();
  const client = await connect(await app.call('keepOpen', id));
  const [first] = await once(client, 'data');
  expect(String(first)).toBe('sender ');
  await app.report('got', (report) => report.pid === pid);
  client.destroy();
});

test("an HTTP request's connection, out of its handler: the server of the app lets go of it", async () => {
  const app = await startPassing();
  const [{ id, pid }] = await app.workers();
  const client = await connect(await app.call('request', id));
  client.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  expect(await readAll(client)).toBe(`${pid} Socket a request`);
  await app.event('serverClosed');
});

describe('the receiver is not there', () => {
  test.each([
    ['no alone', { to: 'alone' }],
    ['no worker with this pid', { to: 'worker', worker_pid: 1 }],
  ])('%s: undeliverable, and the connection is closed', async (_what, to) => {
    const app = await startPassing({ alone: false });
    const [worker] = await app.workers();
    const port = await makeIn(app, worker, 'socket', { ...to, text: 'nobody' });
    expect(await ask('socket', port)).toBe('');
    const [from, message, reason] = await app.event('undeliverable');
    expect([message, reason, from.id]).toEqual([{ action: 'pass', ...to, text: 'nobody' }, 'handle', worker.id]);
  });

  test('advanced: the message is told as it was', async () => {
    const app = await startPassing({ alone: false, serialization: 'advanced' });
    const [worker] = await app.workers();
    const port = await makeIn(app, worker, 'socket', { to: 'alone', text: 'nobody' });
    expect(await ask('socket', port)).toBe('');
    const [, message, reason] = await app.event('undeliverable');
    expect([message, reason]).toEqual([{ action: 'pass', to: 'alone', text: 'nobody' }, 'handle']);
  });
});

test('what is no handle is refused', async () => {
  const app = await startPassing();
  const refusals = { text: /String/, agent: /Agent/, unbound: /dgram\.Socket has no descriptor/ };
  for (const [what, message] of Object.entries(refusals)) {
    await expect(app.call('send', what)).rejects.toMatchObject({
      code: 'ERR_HANDLE_INVALID',
      message: expect.stringMatching(message),
    });
  }
});

test('a socket that was closed meanwhile: the message goes without it, as in Node', async () => {
  const app = await startPassing();
  const [{ pid }] = await app.workers();
  expect(await app.call('send', 'closed')).toBe(true);
  expect(await app.report('got')).toEqual({ kind: 'got', pid });
});

test('a worker that passed connections of its server ends at once: nobody waits for them', async () => {
  const app = await startPassing({ killTimeout: 20_000 });
  const [worker] = await app.workers();
  const alone = await app.call('alone');
  const port = await makeIn(app, worker, 'socket', { to: 'alone', text: 'x' });
  expect(await ask('socket', port)).toBe(`${alone.pid} Socket x`);
  await app.call('worker', worker.id, 'kill', 'SIGTERM');
  const [gone, code] = await app.event('exit', ({ id }) => id === worker.id);
  expect([gone.exitReason, code]).toEqual(['kill', 0]);
});

test('one whose message toJSON() takes away is refused, and what is sent after it arrives', async () => {
  const exec = script(`
    const server = require('node:net').createServer().listen(0, () => {
      process.send({ to: 'app', toJSON() {} }, server);
      process.send({ to: 'app', last: true });
    });
  `);
  const app = await start({ exec, count: 1 });
  await app.event('message', (_from, { last }) => last);
  expect(app.events('protocolError')).toEqual([
    [expect.anything(), expect.objectContaining({ code: 'ERR_MESSAGE_INVALID' })],
  ]);
});

test('no descriptor is left open', async () => {
  const app = await startPassing();
  const [worker] = await app.workers();
  const alone = await app.call('alone');
  await app.call('answer');
  const round = async () => {
    for (const kind of Object.keys(kinds)) {
      const ways = [
        [worker, { to: 'app' }],
        [worker, { to: 'alone' }],
      ];
      if (canWorkersTake(kind)) {
        await ask(kind, await app.call('make', kind, worker.id, { text: 'x' }));
        ways.push([alone, { to: 'worker', worker_pid: worker.pid }]);
      }
      for (const [from, to] of ways) {
        await ask(kind, await makeIn(app, from, kind, { ...to, text: 'x' }));
      }
    }
  };
  // The first round opens what stays open: the modules, Node's own.
  await round();
  const pids = [app.pid, worker.pid, alone.pid];
  const settled = pids.map(openFiles);
  for (let i = 0; i < 5; i++) await round();
  await until(() => pids.every((pid, at) => openFiles(pid) <= settled[at]));
});
