'use strict';

const { test } = require('../e2e/support/at-once');
const { BOTH, run } = require('./support/run');

describe.each(BOTH)('how workers end (%s)', (how) => {
  const asked = {
    'worker.disconnect()': {
      body: ({ worker }) => worker.disconnect(),
      exit: [0, null, true],
    },
    'worker.kill()': { body: ({ worker }) => worker.kill(), exit: [null, 'SIGTERM', false] },
    'worker.kill(SIGINT)': { body: ({ worker }) => worker.kill('SIGINT'), exit: [null, 'SIGINT', false] },
    'worker.destroy(SIGKILL)': { body: ({ worker }) => worker.destroy('SIGKILL'), exit: [null, 'SIGKILL', false] },
    'worker.process.disconnect()': { body: ({ worker }) => worker.process.disconnect(), exit: [0, null, false] },
    'worker.process.kill()': { body: ({ worker }) => worker.process.kill(), exit: [null, 'SIGTERM', false] },
    'process.kill(pid)': {
      body: ({ worker }) => process.kill(worker.process.pid, 'SIGUSR2'),
      exit: [null, 'SIGUSR2', false],
    },
    'its own cluster.worker.disconnect()': { order: 'cluster.worker.disconnect()', exit: [0, null, true] },
    'its own cluster.worker.kill()': { order: 'cluster.worker.kill()', exit: [0, null, true] },
    'its own process.disconnect()': { order: 'process.disconnect()', exit: [0, null, false] },
    'its own process.exit(3)': { order: 'process.exit(3)', exit: [3, null, false] },
    'its own process.abort()': { order: 'process.abort()', exit: [null, 'SIGABRT', false] },
    'an exception of its own': { order: 'throw new Error("mine")', exit: [1, null, false] },
  };

  test('isDead(), isConnected(), exitedAfterDisconnect, exit code and signal of each way', async () => {
    const given = Object.entries(asked).map(([name, { body, order }]) => ({ name, body: body && String(body), order }));
    const { of, code } = await run(
      how,
      {
        primary({ cluster, tell, given }) {
          cluster.on('listening', (worker) => {
            const { name, body, order } = given[worker.id - 1];
            if (order) worker.send({ order });
            else tell('gives', name, (0, eval)(`(${body})`)({ worker }) === worker);
            tell('alive', name, worker.isDead(), worker.exitedAfterDisconnect);
          });
          for (const { name } of given) {
            const worker = cluster.fork();
            worker.on('disconnect', () => tell('connected', name, worker.isConnected()));
            worker.on('exit', (exit, signal) => {
              tell('exit', name, exit, signal, worker.exitedAfterDisconnect);
              tell('process', name, worker.process.exitCode, worker.process.signalCode, worker.isDead());
            });
          }
        },
        worker({ cluster }) {
          process.on('message', ({ order }) => eval(order));
          require('node:net').createServer().listen(0, '127.0.0.1');
          // What the text above means.
          void cluster;
        },
      },
      { given },
    );
    expect(code).toBe(0);
    const byName = (kind) => Object.fromEntries(of(kind).map(([name, ...rest]) => [name, rest]));
    expect(byName('exit')).toEqual(Object.fromEntries(Object.entries(asked).map(([name, { exit }]) => [name, exit])));
    expect(byName('process')).toEqual(
      Object.fromEntries(Object.entries(asked).map(([name, { exit }]) => [name, [...exit.slice(0, 2), true]])),
    );
    const names = Object.keys(asked);
    expect(of('gives').filter(([, gives]) => gives)).toEqual([['worker.disconnect()', true]]);
    expect(of('alive').sort()).toEqual(
      names.map((name) => [name, false, ...(name === 'worker.disconnect()' ? [true] : [null])]).sort(),
    );
    expect(of('connected').sort()).toEqual(names.map((name) => [name, false]).sort());
  });

  test('a worker that has connections ends after them', async () => {
    const { of, code } = await run(how, {
      primary({ cluster, tell }) {
        const net = require('node:net');
        const worker = cluster.fork();
        cluster.on('listening', (_, { port }) => {
          const client = net.connect(port, '127.0.0.1').setEncoding('utf8');
          client.on('data', (text) => {
            tell('data', text);
            if (text !== 'hello') return;
            worker.disconnect();
            client.write('end');
          });
        });
        worker.on('exit', (...args) => tell('exit', ...args));
      },
      worker() {
        const server = require('node:net').createServer((socket) => {
          socket.write('hello');
          socket.on('data', () => socket.end('bye'));
        });
        server.listen(0, '127.0.0.1');
      },
    });
    expect(code).toBe(0);
    expect(of('data')).toEqual([['hello'], ['bye']]);
    expect(of('exit')).toEqual([[0, null]]);
  });

  test('cluster.disconnect(callback): when all are gone, several times, and without any worker', async () => {
    const { told, code } = await run(how, {
      primary({ cluster, tell }) {
        cluster.disconnect(() => {
          tell('none');
          for (const id of [1, 2, 3]) cluster.fork().on('exit', () => tell('exit', id));
          let listening = 0;
          cluster.on('listening', () => {
            listening += 1;
            if (listening < 3) return;
            cluster.disconnect(() => tell('all', Object.keys(cluster.workers)));
            cluster.disconnect(() => tell('again'));
            cluster.disconnect();
          });
        });
        tell('at once');
      },
      worker() {
        require('node:net').createServer().listen(0, '127.0.0.1');
      },
    });
    expect(code).toBe(0);
    const names = told.map(({ name }) => name);
    expect(names.slice(0, 2)).toEqual(['at once', 'none']);
    expect(names.filter((name) => name === 'exit')).toHaveLength(3);
    expect(names.filter((name) => name === 'all' || name === 'again')).toEqual(['all', 'again']);
    expect(told.find(({ name }) => name === 'all').args).toEqual([[]]);
  });

  test('cluster.disconnect() without a callback, in a primary that never forked', async () => {
    const { code, output } = await run(how, {
      primary({ cluster }) {
        cluster.disconnect();
      },
    });
    expect([code, output]).toEqual([0, '']);
  });

  test('one that was asked to disconnect is no longer in workers, and one that is dead takes no signal', async () => {
    const { of, code } = await run(how, {
      primary({ cluster, tell }) {
        const worker = cluster.fork();
        worker.on('online', () => {
          tell('same', worker.disconnect() === worker);
          tell('workers', Object.keys(cluster.workers).length);
        });
        worker.on('exit', (...args) => {
          tell('exit', ...args);
          tell('dead', worker.isDead(), worker.process.kill(), worker.kill() === undefined);
        });
      },
      worker() {},
    });
    expect(code).toBe(0);
    expect(of('same')).toEqual([[true]]);
    expect(of('workers')).toEqual([[0]]);
    expect(of('exit')).toEqual([[0, null]]);
    expect(of('dead')).toEqual([[true, false, true]]);
  });

  test('when the primary is killed, its workers end as those of Node do', async () => {
    const { signal, reports, app } = await run(how, {
      primary({ cluster }) {
        cluster.fork();
        cluster.fork();
        let listening = 0;
        cluster.on('listening', () => {
          listening += 1;
          if (listening === 2) process.kill(process.pid, 'SIGKILL');
        });
      },
      worker({ report, cluster }) {
        require('node:net').createServer().listen(0, '127.0.0.1');
        process.on('disconnect', () => report('disconnect'));
        process.on('exit', (code) => report('exit', { code, intended: cluster.worker.exitedAfterDisconnect }));
      },
    });
    expect(signal).toBe('SIGKILL');
    expect(reports('exit')).toEqual(Array(2).fill({ kind: 'exit', pid: expect.any(Number), code: 0 }));
    expect(app.processes()).toEqual([]);
  });
});
