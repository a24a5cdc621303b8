'use strict';
// What the next worker finds after the last one has died.

const fs = require('node:fs');
const path = require('node:path');
const { test } = require('../e2e/support/at-once');
const { folder } = require('../e2e/support/files');
const { BOTH, run } = require('./support/run');

/** Forks a worker, has it killed once it listens, forks another one, and tells where that listens and what it answers. */
const killed = {
  async primary({ cluster, tell, given }) {
    const { once } = require('node:events');
    cluster.fork();
    const [first, at] = await once(cluster, 'listening');
    first.process.kill('SIGKILL');
    await once(first, 'exit');
    const second = cluster.fork({ PORT: String(at.port), SECOND: 'yes' });
    second.on('message', ({ error }) => tell('error', error) ?? process.exit());
    await once(cluster, 'listening');
    const where = given.path ? { path: given.path } : { port: at.port, host: '127.0.0.1' };
    const client = require('node:net').connect(where).setEncoding('utf8');
    client.on('error', (error) => tell('error', error.code));
    const [text] = await Promise.race([once(client, 'data'), once(client, 'close')]);
    tell('answer', text);
    process.exit();
  },
};

describe.each(BOTH)('after the last worker was killed (%s)', (how) => {
  test('the next one, which removes the file of a unix socket, can be reached at it', async () => {
    const parts = {
      ...killed,
      worker({ given }) {
        require('node:fs').rmSync(given.path, { force: true });
        require('node:net')
          .createServer((socket) => socket.end('answer'))
          .listen(given.path);
      },
    };
    const { of, code } = await run(how, parts, { given: { path: path.join(folder(), 'socket') } });
    expect([code, of('error'), of('answer')]).toEqual([0, [], [['answer']]]);
  });

  test('the next one has its port by another address', async () => {
    const parts = {
      ...killed,
      worker() {
        const server = require('node:net').createServer((socket) => socket.end('answer'));
        server.on('error', ({ code }) => process.send({ error: code }));
        server.listen(Number(process.env.PORT ?? 0), process.env.SECOND ? '127.0.0.1' : undefined);
      },
    };
    const { of, code } = await run(how, parts);
    expect([code, of('error'), of('answer')]).toEqual([0, [], [['answer']]]);
  });
});

describe.each(BOTH)('AsyncLocalStorage (%s)', (how) => {
  test('the events of a worker come in the context of its fork()', async () => {
    const { of, code } = await run(how, {
      primary({ cluster, tell }) {
        const { AsyncLocalStorage } = require('node:async_hooks');
        const storage = new AsyncLocalStorage();
        for (const name of ['A', 'B']) {
          storage.run(name, () => {
            const worker = cluster.fork();
            for (const event of ['online', 'message', 'disconnect', 'exit']) {
              worker.on(event, () => tell('event', name, event, storage.getStore()));
            }
          });
        }
      },
      worker() {
        process.send('message', () => process.disconnect());
      },
    });
    expect(code).toBe(0);
    expect(of('event').map(([name, , store]) => [name, store])).toEqual(of('event').map(([name]) => [name, name]));
    expect(of('event')).toHaveLength(8);
  });
});

test('register: workers can be forked when the files of the package are gone', async () => {
  const root = path.join(__dirname, '../..');
  const copy = path.join(folder(), 'package');
  fs.mkdirSync(copy);
  const isNeeded = (name) => ['register.js', 'native.js', 'package.json', 'lib'].includes(name);
  const isBinding = (name) => /^cluster-native\.(?!fleet).*\.node$/.test(name);
  for (const name of fs.readdirSync(root).filter((each) => isNeeded(each) || isBinding(each))) {
    fs.cpSync(path.join(root, name), path.join(copy, name), { recursive: true, dereference: true });
  }
  const parts = {
    async primary({ cluster, tell, given }) {
      const { once } = require('node:events');
      const first = cluster.fork();
      await once(first, 'online');
      require('node:fs').rmSync(given.copy, { recursive: true });
      first.process.kill('SIGKILL');
      await once(first, 'exit');
      const second = cluster.fork();
      second.on('message', (message) => tell('message', message));
      second.on('exit', (...how) => tell('exit', ...how));
    },
    worker() {
      process.send('works', () => process.disconnect());
    },
  };
  const execArgv = ['--require', path.join(copy, 'register.js')];
  const { of, code, output } = await run('node', parts, { execArgv, given: { copy } });
  expect([code, of('message'), of('exit')]).toEqual([0, [['works']], [[0, null]]]);
  expect(output).toContain('CLUSTER_WORKER_UNWATCHED');
});
