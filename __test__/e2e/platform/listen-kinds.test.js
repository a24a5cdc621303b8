'use strict';

const { execFile } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const net = require('node:net');
const path = require('node:path');
const { test } = require('../support/at-once');
const { launch, start, startNodeCluster, fixture } = require('../support/cluster');
const { connect, request, requests } = require('../support/client');
const { folder } = require('../support/files');
const { freePort, holdPort } = require('../support/free-port');
const { Load } = require('../support/load');
const { closeAtEnd } = require('../support/scope');
const { stall } = require('../support/stall');

const config = (options, others) => ({
  exec: fixture('workers/listen.js'),
  args: [JSON.stringify(options)],
  ...others,
});
const listen = (options, others, spawnOptions) => start(config(options, others), spawnOptions);

const errors = async (app, count = 2) => (await app.reported('listenError', count)).map(({ error }) => error);
const addresses = async (app, count = 2) => (await app.reported('listening', count)).map(({ address }) => address);
const pids = async (app) => new Set((await app.workers()).map(({ pid }) => pid));

async function expectAllAnswer(app, port) {
  const answers = await requests(port, 100, 8);
  expect(new Set(answers.map(({ body }) => body.pid))).toEqual(await pids(app));
}

test.each([
  [{ host: '127.0.0.1' }],
  [{ host: '::1' }],
  [{}],
  [{ host: 'localhost' }],
  [{ host: '::', ipv6Only: true }],
])('%j: the workers know their address, and the app hears of it, as under node:cluster', async (where) => {
  const node = await startNodeCluster(config({ port: 0, ...where }));
  const app = await listen({ port: 0, ...where });
  const told = (events) => events.map(([, address]) => address);
  const [{ port }] = await addresses(app);
  expect(await addresses(app)).toEqual((await addresses(node)).map((address) => ({ ...address, port })));
  expect(told(app.events('listening'))).toEqual(
    told(node.events('listening')).map((address) => ({ ...address, port })),
  );
});

describe('fd', () => {
  /** The app's descriptor 4 is `fd`. */
  const inheriting = (fd) => ({ stdio: ['pipe', 'pipe', 'pipe', 'pipe', fd] });

  test("a listening socket that the app inherited: every worker answers, and it stays the app's", async () => {
    const holder = await holdPort({ host: '127.0.0.1' });
    const { port } = holder.address();
    const app = await listen({ fd: 4 }, { listenFds: [4] }, inheriting(holder._handle.fd));
    holder.close(); // ours; the app has its own descriptor
    await once(holder, 'close');
    await expectAllAnswer(app, port);
    const [victim] = await app.workers();
    process.kill(victim.pid, 'SIGKILL');
    await app.event('listening', ({ slot, id }) => slot === victim.slot && id !== victim.id);
    await expectAllAnswer(app, port);
  });

  test('its address is told as under node:cluster', async () => {
    const holder = await holdPort({ host: '127.0.0.1' });
    const node = await startNodeCluster(config({ fd: 4 }), inheriting(holder._handle.fd));
    const app = await listen({ fd: 4 }, { listenFds: [4] }, inheriting(holder._handle.fd));
    expect(await addresses(app)).toEqual(await addresses(node));
    holder.close();
  });

  test('a connection that the app inherited: the error of node:cluster', async () => {
    const holder = await holdPort({ host: '127.0.0.1' });
    const connection = net.connect(holder.address().port, '127.0.0.1');
    await once(connection, 'connect');
    const options = inheriting(connection._handle.fd);
    const node = await startNodeCluster(config({ fd: 4 }), options);
    const app = await listen({ fd: 4 }, { listenFds: [4] }, options);
    const [expected] = await errors(node);
    expect(expected.code).toBe('EINVAL');
    expect(await errors(app)).toEqual([expected, expected]);
    connection.destroy();
    holder.close();
  });

  test.each([
    ['a socket that the app inherited, but is not named', () => holdPort({ host: '127.0.0.1' })],
    ['any other descriptor', () => undefined],
  ])('%s: EACCES, and what can be done', async (_what, make) => {
    const holder = await make();
    const fd = holder ? 4 : 1;
    const app = await listen({ fd }, {}, holder && inheriting(holder._handle.fd));
    expect((await errors(app)).map(({ code }) => code)).toEqual(['EACCES', 'EACCES']);
    holder?.close();
    await app.stop();
    expect(app.output).toContain(`the app's descriptor ${fd}: name it in \`listenFds\``);
  });

  test("no server of the app's own, nor of the master's, whichever number it has", async () => {
    const app = await start(
      { exec: fixture('workers/descriptors.js'), count: 2 },
      { script: fixture('private-server.js') },
    );
    const port = await app.call('privatePort');
    const reports = await app.reported('tried', 2);
    expect(reports.map(({ codes }) => codes)).toEqual([['EACCES'], ['EACCES']]);
    const answers = await requests(port, 40, 8);
    expect(new Set(answers.map(({ text }) => text))).toEqual(new Set(['private']));
  });

  test('what is named must be a socket', async () => {
    const file = fs.openSync(path.join(folder(), 'file'), 'w');
    const app = launch(config({ fd: 4 }, { listenFds: [4] }), inheriting(file));
    const [error] = await app.event('rejected');
    expect(error).toMatchObject({
      code: 'ERR_CONFIG_INVALID',
      message: expect.stringMatching(/`listenFds`.*open sockets, which 4 is not/),
    });
    fs.closeSync(file);
  });
});

test('exclusive, port 0: a port for each worker, answered by it alone', async () => {
  const app = await listen({ port: 0, exclusive: true });
  const reports = await app.reported('listening', 2);
  expect(reports[0].address.port).not.toBe(reports[1].address.port);
  for (const { pid, address } of reports) {
    const answers = await requests(address.port, 10, 2);
    expect(new Set(answers.map(({ body }) => body.pid))).toEqual(new Set([pid]));
  }
});

test('exclusive, one port: one worker has it, the other gets EADDRINUSE', async () => {
  const port = await freePort();
  const app = await listen({ port, exclusive: true });
  await addresses(app, 1);
  expect((await errors(app, 1)).map(({ code }) => code)).toEqual(['EADDRINUSE']);
  await expect(request(port)).resolves.toMatchObject({ status: 200 });
});

test('reusePort: every worker listens (Node 23.1 on: on a socket of its own; before: Node ignores it)', async () => {
  const port = await freePort();
  const app = await listen({ port, reusePort: true, host: '127.0.0.1' });
  expect((await addresses(app)).map((address) => address.port)).toEqual([port, port]);
  await expectAllAnswer(app, port);
});

test.each(['auto', 'shared'])(
  '%s: a small backlog of the workers lets no client wait that the machine has room for',
  async (balance) => {
    const app = await start({ ...config({ port: 0, backlog: 7 }), exec: fixture('workers/stalling.js'), balance });
    const port = await app.port();
    const releases = await Promise.all((await app.workers()).map((worker) => stall(app, worker)));
    const sockets = await Promise.all(Array.from({ length: 100 }, () => connect(port)));
    sockets.forEach((socket) => socket.destroy());
    releases.forEach((release) => release());
  },
);

/** A process that listens with SO_REUSEPORT, which Node itself has from 23.1 on only; `port` is the code of the error where
 *  it cannot. It takes no connection. */
async function stranger(asked) {
  const holder = execFile('python3', [
    '-c',
    `
import errno, socket, sys
s = socket.socket()
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
try:
    s.bind(('127.0.0.1', ${asked}))
    s.listen()
    print(s.getsockname()[1], flush=True)
except OSError as error:
    print(errno.errorcode[error.errno], flush=True)
sys.stdin.read()`,
  ]);
  closeAtEnd({ close: () => holder.kill('SIGKILL') });
  const [line] = await once(holder.stdout, 'data');
  const port = Number(line) || line.trim();
  const end = async () => {
    holder.stdin.end();
    await once(holder, 'exit');
  };
  return { port, end };
}

describe('a port that is taken', () => {
  test('by a first instance of the app: EADDRINUSE, and the first goes on', async () => {
    const first = await listen({ port: 0 });
    const port = await first.port();
    const second = await listen({ port });
    expect((await errors(second)).map(({ code }) => code)).toEqual(['EADDRINUSE', 'EADDRINUSE']);
    const expected = await pids(first);
    const answers = await requests(port, 100, 8);
    expect(new Set(answers.map(({ body }) => body.pid))).toEqual(expected);
    await second.call('close');
    await expectAllAnswer(first, port);
  });

  test('by a foreign process that would share it (SO_REUSEPORT): EADDRINUSE all the same', async () => {
    const { port, end } = await stranger(0);
    const node = await startNodeCluster(config({ port, host: '127.0.0.1' }));
    const app = await listen({ port, host: '127.0.0.1' });
    const [expected] = await errors(node);
    expect(expected.code).toBe('EADDRINUSE');
    expect(await errors(app)).toEqual([expected, expected]);
    await end();
  });
});

test.each(['auto', 'shared', 'round-robin'])(
  '%s: a foreign process that would share the port later (SO_REUSEPORT) gets no connection of ours',
  async (balance) => {
    const app = await listen({ port: 0, host: '127.0.0.1' }, { balance });
    const port = await app.port();
    const { port: shared, end } = await stranger(port);
    // The kernel lets it in, where there is a group: where workers hold the socket.
    if (balance === 'round-robin' || globalThis.PORTABLE) expect(shared).toBe('EADDRINUSE');
    await expectAllAnswer(app, port);
    await end();
    await expectAllAnswer(app, port);
  },
);

test.each(['auto', 'round-robin', 'shared'])(
  '%s: workers close and listen again one after another, and no client notices',
  async (balance) => {
    const port = await freePort();
    const app = await start({ exec: fixture('workers/relisten.js'), env: { PORT: String(port) }, balance });
    const load = new Load(port);
    let times = 0;
    for (const round of [1, 2, 3]) {
      for (const worker of await app.workers()) {
        await load.answered(50);
        await app.control(worker, 'reopen');
        times += 1;
        await app.reported('again', times);
      }
      const answers = await requests(port, 20, 4);
      expect(new Set(answers.map(({ text }) => text))).toEqual(new Set([`generation ${round + 1}`]));
    }
    const results = await load.stop();
    expect(results.filter(({ status }) => status !== 200)).toEqual([]);
  },
);
