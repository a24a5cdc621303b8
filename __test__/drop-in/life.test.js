'use strict';

const path = require('node:path');
const { pathToFileURL } = require('node:url');
const { test } = require('../e2e/support/at-once');
const { BOTH, REGISTER, run } = require('./support/run');
const { scripts } = require('../e2e/support/files');

describe.each(BOTH)('the life of a primary (%s)', (how) => {
  test('it ends when nothing holds it: a worker with unref() and its channel', async () => {
    const { told, code } = await run(how, {
      primary({ cluster, tell }) {
        const worker = cluster.fork();
        worker.on('message', () => {
          worker.process.channel.unref();
          worker.process.unref();
          process.on('exit', () => tell('end', worker.isDead(), worker.isConnected()));
        });
      },
      worker() {
        process.on('disconnect', () => process.exit());
        process.send('ready');
      },
    });
    expect(code).toBe(0);
    expect(told).toEqual([{ name: 'end', args: [false, true] }]);
  });

  test('ref() holds it again', async () => {
    const { told, code } = await run(how, {
      primary({ cluster, tell }) {
        const worker = cluster.fork();
        worker.process.unref();
        worker.process.channel.unref();
        worker.process.channel.ref();
        worker.on('message', (message) => tell('message', message));
        worker.on('exit', () => tell('exit'));
      },
      worker() {
        setTimeout(() => process.send('late', () => process.disconnect()), 100);
      },
    });
    expect(code).toBe(0);
    expect(told[0]).toEqual({ name: 'message', args: ['late'] });
  });

  test('a worker that cannot be started is an error event, and no event of a process', async () => {
    const { told, code } = await run(how, {
      primary({ cluster, tell }) {
        cluster.setupPrimary({ cwd: '/there/is/no/such/folder' });
        const worker = cluster.fork();
        tell('forked', worker.id, worker.process.pid ?? null, worker.isConnected());
        worker.on('error', ({ code, syscall }) => tell('error', code, syscall.split(' ')[0]));
        for (const name of ['online', 'disconnect', 'exit']) {
          cluster.on(name, (each, ...args) => tell(name, each.id, ...args));
        }
        setImmediate(() => {
          cluster.setupPrimary({ cwd: undefined });
          cluster.fork();
        });
      },
      worker() {
        process.exit(0);
      },
    });
    expect(code).toBe(0);
    const of = (id) => told.filter(({ name, args }) => name === 'error' || args[0] === id);
    expect(told[0]).toEqual({ name: 'forked', args: [1, null, expect.any(Boolean)] });
    expect(of(1).slice(1)).toContainEqual({ name: 'error', args: ['ENOENT', 'spawn'] });
    expect(told.filter(({ name, args }) => name === 'exit' && args[0] === 2)).toEqual([
      { name: 'exit', args: [2, 0, null] },
    ]);
  });

  test('a worker_thread of the primary has no cluster of its own that would disturb', async () => {
    const { of, code } = await run(how, {
      async primary({ cluster, tell }) {
        const { once } = require('node:events');
        const { Worker: Thread } = require('node:worker_threads');
        const thread = new Thread(
          `const cluster = require('node:cluster');
           require('node:worker_threads').parentPort.postMessage([cluster.isPrimary, typeof cluster.fork]);`,
          { eval: true },
        );
        const exited = once(thread, 'exit');
        tell('thread', (await once(thread, 'message'))[0]);
        await exited;
        cluster.fork().on('exit', (exit) => tell('exit', exit));
      },
      worker() {
        process.exit(6);
      },
    });
    expect(code).toBe(0);
    expect(of('thread')).toEqual([[[true, 'function']]]);
    expect(of('exit')).toEqual([[6]]);
  });
});

describe('register', () => {
  const ESM = {
    'primary.mjs': `
      import cluster, * as names from 'node:cluster';
      import { writeSync } from 'node:fs';
      if (cluster.isPrimary) {
        const registered = Object.getOwnPropertySymbols(cluster).map(String);
        const { fork, Worker } = names;
        const worker = fork();
        const told = { same: fork === cluster.fork, registered, instance: worker instanceof Worker };
        worker.on('message', (message) => {
          writeSync(3, JSON.stringify({ name: 'told', args: [told, message] }) + '\\n');
          worker.disconnect();
        });
      } else {
        process.send('hello');
      }`,
  };

  test.each([
    ['--require', ['--require', REGISTER]],
    ['--import', ['--import', pathToFileURL(REGISTER).href]],
    ['both', ['--require', REGISTER, '--import', pathToFileURL(REGISTER).href]],
  ])('is seen by the imports of an ES module, with %s', async (_, execArgv) => {
    const script = path.join(scripts(ESM), 'primary.mjs');
    const { of, code } = await run('node', {}, { script, execArgv });
    expect(code).toBe(0);
    const registered = expect.arrayContaining(['Symbol(yunfly.cluster.registered)']);
    expect(of('told')).toEqual([[{ same: true, registered, instance: true }, 'hello']]);
  });

  test('twice, or in a worker, it changes nothing more', async () => {
    const { of, code } = await run(
      'register',
      {
        primary({ cluster, tell, given }) {
          const { fork } = cluster;
          require(given.register);
          delete require.cache[require.resolve(given.register)];
          require(given.register);
          tell('same', fork === cluster.fork);
          const worker = cluster.fork();
          worker.on('message', (message) => tell('worker', message));
        },
        worker({ cluster, given }) {
          const before = { ...cluster };
          require(given.register).configure({ drain: true });
          const after = { ...cluster };
          const same = Object.keys(after).every((key) => after[key] === before[key]);
          process.send([same, typeof cluster.fork, cluster.worker.constructor.name], () => process.disconnect());
        },
      },
      { given: { register: REGISTER } },
    );
    expect(code).toBe(0);
    expect(of('same')).toEqual([[true]]);
    expect(of('worker')).toEqual([[[true, 'undefined', 'Worker']]]);
  });
});
