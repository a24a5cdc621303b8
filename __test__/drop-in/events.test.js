'use strict';

const { test } = require('../e2e/support/at-once');
const { firstOf } = require('../e2e/support/position');
const { BOTH, run } = require('./support/run');

describe.each(BOTH)('the events of a primary (%s)', (how) => {
  test('fork, online, listening, disconnect and exit, with Node’s arguments, on worker and cluster', async () => {
    const { code, told } = await run(how, {
      primary({ cluster, tell }) {
        const watch = (of, emitter, names) => {
          for (const name of names) {
            emitter.on(name, (...args) => {
              const plain = args.map((arg) => (arg instanceof cluster.Worker ? `worker ${arg.id}` : arg));
              tell(`${of} ${name}`, ...plain);
            });
          }
        };
        watch('cluster', cluster, ['setup', 'fork', 'online', 'listening', 'message', 'disconnect', 'exit']);
        cluster.on('setup', (settings) => tell('settings', settings === cluster.settings));
        const worker = cluster.fork();
        tell('forked', worker.id, worker.state, Object.keys(cluster.workers), worker.isConnected(), worker.isDead());
        watch('worker', worker, ['online', 'listening', 'message', 'disconnect', 'exit']);
        watch('process', worker.process, ['spawn', 'disconnect', 'exit', 'close']);
        worker.on('message', () => worker.send('end'));
        const states = ['online', 'listening', 'disconnect', 'exit'];
        for (const name of states) {
          cluster.on(name, () => tell(`at ${name}`, worker.state, Object.keys(cluster.workers)));
        }
        cluster.on('exit', () =>
          tell('exit code', worker.process.exitCode, worker.process.signalCode, worker.exitedAfterDisconnect),
        );
      },
      worker({ cluster }) {
        const server = require('node:net').createServer();
        server.listen(0, '127.0.0.1', () => setImmediate(() => process.send('hello')));
        process.on('message', () => cluster.worker.kill());
      },
    });
    expect(code).toBe(0);
    const listening = told.find(({ name }) => name === 'worker listening');
    const [address] = listening.args;
    expect(address).toStrictEqual({ addressType: 4, address: '127.0.0.1', port: expect.any(Number) });
    const names = told.map(({ name }) => name);
    const args = (name) => told.find((each) => each.name === name).args;
    expect(names.slice(0, 3)).toEqual(['forked', 'cluster setup', 'settings']);
    expect(args('settings')).toEqual([true]);
    expect(args('cluster setup')).toEqual([expect.objectContaining({ args: expect.any(Array), silent: false })]);
    expect(args('forked')).toEqual([1, 'none', ['1'], true, false]);
    expect(names.filter((name) => name.startsWith('cluster'))).toEqual([
      'cluster setup',
      'cluster fork',
      'cluster online',
      'cluster listening',
      'cluster message',
      'cluster disconnect',
      'cluster exit',
    ]);
    for (const name of ['online', 'listening', 'disconnect', 'exit']) {
      expect(firstOf(names, `worker ${name}`)).toBeLessThan(firstOf(names, `cluster ${name}`));
    }
    expect(args('cluster online')).toEqual(['worker 1']);
    expect(args('cluster listening')).toEqual(['worker 1', address]);
    expect(args('worker message')[0]).toBe('hello');
    expect(args('cluster message').slice(0, 2)).toEqual(['worker 1', 'hello']);
    expect(args('worker disconnect')).toEqual([]);
    expect(args('worker exit')).toEqual([0, null]);
    expect(args('cluster exit')).toEqual(['worker 1', 0, null]);
    expect(args('at online')).toEqual(['online', ['1']]);
    expect(args('at listening')).toEqual(['listening', ['1']]);
    expect(args('at exit')).toEqual(['dead', []]);
    expect(args('exit code')).toEqual([0, null, true]);
  });

  test('an event of a server for each address that a worker listens on', async () => {
    const { of } = await run(how, {
      primary({ cluster, tell }) {
        const worker = cluster.fork();
        let left = 3;
        cluster.on('listening', (_, address) => {
          tell('listening', address);
          left -= 1;
          if (left === 0) worker.process.kill();
        });
      },
      worker() {
        const net = require('node:net');
        net.createServer().listen(0, '127.0.0.1', () => {
          net.createServer().listen(0, () => {
            require('node:dgram').createSocket('udp4').bind(0, '127.0.0.1');
          });
        });
      },
    });
    const port = expect.any(Number);
    expect(of('listening')).toEqual([
      [{ addressType: 4, address: '127.0.0.1', port }],
      [{ addressType: 4, address: null, port }],
      [{ addressType: 'udp4', address: '127.0.0.1', port, fd: -1 }],
    ]);
  });

  test('a worker is forked in the exit event of the one before, with the next id', async () => {
    const { code, of } = await run(how, {
      primary({ cluster, tell }) {
        cluster.on('exit', (worker, exit, signal) => {
          tell('exit', worker.id, exit, signal, worker.exitedAfterDisconnect, Object.keys(cluster.workers));
          if (worker.id < 4) tell('forked', cluster.fork().id, Object.keys(cluster.workers));
        });
        cluster.fork();
      },
      worker({ cluster }) {
        if (cluster.worker.id === 2) process.kill(process.pid, 'SIGKILL');
        process.exit(cluster.worker.id);
      },
    });
    expect(code).toBe(0);
    expect(of('exit').map(([id, ...rest]) => [id, ...rest.slice(0, 3)])).toEqual([
      [1, 1, null, false],
      [2, null, 'SIGKILL', false],
      [3, 3, null, false],
      [4, 4, null, false],
    ]);
    expect(of('forked').map(([id]) => id)).toEqual([2, 3, 4]);
  });

  test('what listeners of the primary throw is an uncaught exception, and the next events come all the same', async () => {
    const { code, of } = await run(how, {
      primary({ cluster, tell }) {
        process.on('uncaughtException', ({ message }) => {
          tell('uncaught', message);
          if (message === 'message') worker.disconnect();
        });
        for (const name of ['fork', 'online', 'listening', 'message', 'disconnect', 'exit']) {
          cluster.on(name, () => {
            throw new Error(name);
          });
        }
        const worker = cluster.fork();
      },
      worker() {
        const server = require('node:net').createServer();
        server.listen(0, '127.0.0.1', () => process.send('hello'));
      },
    });
    expect(code).toBe(0);
    expect(of('uncaught').flat().sort()).toEqual(['disconnect', 'exit', 'fork', 'listening', 'message', 'online']);
  });

  test.each(['message', 'exit'])('without a handler, what a listener of %s throws ends the primary', async (name) => {
    const { code, output } = await run(
      how,
      {
        primary({ cluster, given }) {
          cluster.on(given.name, () => {
            throw new Error(`thrown by a listener of ${given.name}`);
          });
          cluster.fork();
        },
        worker() {
          process.send('hello', () => process.disconnect());
        },
      },
      { given: { name } },
    );
    expect(code).toBe(1);
    expect(output).toContain(`Error: thrown by a listener of ${name}`);
  });

  test('process.exit() in an exit listener ends the primary, whatever the others do', async () => {
    const { code, of } = await run(how, {
      primary({ cluster, tell }) {
        process.on('exit', (exit) => tell('end', exit));
        cluster.on('exit', (worker) => {
          tell('exit', worker.id);
          process.exit(7);
        });
        cluster.fork();
        cluster.fork();
        cluster.on('online', (worker) => worker.id === 2 && cluster.workers[1].process.kill());
      },
      worker() {
        setInterval(() => {}, 1000);
      },
    });
    expect(code).toBe(7);
    expect(of('exit')).toEqual([[1]]);
    expect(of('end')).toEqual([[7]]);
  });
});
