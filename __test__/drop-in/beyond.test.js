'use strict';
// What a primary withstands with register, and does not by Node alone.

const { test } = require('../e2e/support/at-once');
const { BOTH, run } = require('./support/run');

test('nobody is refused while the only worker crashes again and again', async () => {
  const { of, code } = await run('register', {
    async primary({ cluster, tell }) {
      const net = require('node:net');
      const { once } = require('node:events');
      cluster.fork();
      const [, { port }] = await once(cluster, 'listening');
      // What it is asked for when it crashes is its own matter. Who comes then, waits for the next one.
      cluster.on('exit', () => cluster.fork({ PORT: String(port) }));
      for (let crashes = 0; crashes < 5; crashes++) {
        const [worker] = Object.values(cluster.workers);
        worker.process.kill('SIGKILL');
        await once(worker, 'exit');
        const client = net.connect(port, '127.0.0.1').setEncoding('utf8');
        client.on('error', (error) => tell('error', error.code));
        const [text] = await Promise.race([once(client, 'data'), once(client, 'close')]);
        tell('answer', text);
      }
      process.exit();
    },
    worker() {
      const server = require('node:net').createServer((socket) => socket.end('answer'));
      server.listen(Number(process.env.PORT ?? 0), '127.0.0.1');
    },
  });
  expect(code).toBe(0);
  expect(of('error')).toEqual([]);
  expect(of('answer')).toEqual(Array(5).fill(['answer']));
});

test('what is no JSON in the channel of a worker is told, and disturbs nobody', async () => {
  const { of, output, code } = await run('register', {
    primary({ cluster, tell }) {
      const bad = cluster.fork();
      bad.on('message', (message) => {
        tell('message', message);
        if (message === 'after') bad.send('end');
      });
      bad.on('exit', (...args) => tell('exit', ...args));
    },
    worker() {
      process.on('message', () => process.disconnect());
      process.send('before', () => {
        require('node:fs').writeSync(process.channel.fd, '{"bad":\n\u0000\n');
        process.send('after');
      });
    },
  });
  expect(code).toBe(0);
  expect(of('message')).toEqual([['before'], ['after']]);
  expect(of('exit')).toEqual([[0, null]]);
  expect(output).toContain('CLUSTER_PROTOCOL_ERROR');
});

test('a worker that joined late gets its share, and no more', async () => {
  const { of, code } = await run('register', {
    async primary({ cluster, tell }) {
      const net = require('node:net');
      const { once } = require('node:events');
      cluster.fork();
      const [, { port }] = await once(cluster, 'listening');
      const ask = async () => {
        const client = net.connect(port, '127.0.0.1').setEncoding('utf8');
        const [id] = await once(client, 'data');
        await once(client, 'close');
        return Number(id);
      };
      for (let n = 0; n < 200; n++) await ask();
      cluster.fork();
      await once(cluster, 'listening');
      const taken = [0, 0];
      for (let n = 0; n < 100; n++) taken[(await ask()) - 1] += 1;
      tell('taken', ...taken);
      cluster.disconnect();
    },
    worker({ cluster }) {
      const server = require('node:net').createServer((socket) => socket.end(String(cluster.worker.id)));
      server.listen(0, '127.0.0.1');
    },
  });
  expect(code).toBe(0);
  const [[first, second]] = of('taken');
  expect(first).toBeGreaterThan(20);
  expect(second).toBeGreaterThan(20);
});

test('40 workers, ended in every way, leave no descriptor and no listener', async () => {
  const { of, code } = await run('register', {
    async primary({ cluster, tell }) {
      const { once } = require('node:events');
      const { readdirSync } = require('node:fs');
      const folder = process.platform === 'linux' ? '/proc/self/fd' : '/dev/fd';
      const count = () => [readdirSync(folder).length, process.listenerCount('exit')];
      const ways = [
        (worker) => worker.disconnect(),
        (worker) => worker.process.kill('SIGKILL'),
        (worker) => worker.process.disconnect(),
        (worker) => worker.send('exit'),
      ];
      const round = async (times) => {
        for (let n = 0; n < times; n++) {
          const workers = ways.map(() => cluster.fork());
          await Promise.all(workers.map((worker) => once(worker, 'message')));
          const exits = workers.map((worker) => once(worker, 'exit'));
          workers.forEach((worker, index) => ways[index](worker));
          await Promise.all(exits);
        }
      };
      await round(2);
      const before = count();
      await round(8);
      const after = count();
      tell('more', ...after.map((each, index) => each - before[index]), Object.keys(cluster.workers).length);
    },
    worker() {
      process.on('message', () => process.exit(1));
      process.send('x'.repeat(10_000));
    },
  });
  expect(code).toBe(0);
  const [[descriptors, listeners, workers]] = of('more');
  // One of a worker that has just ended may still be closed by the master.
  expect(descriptors).toBeLessThanOrEqual(1);
  expect([listeners, workers]).toEqual([0, 0]);
});

describe.each(BOTH)('under pressure (%s)', (how) => {
  test('20 workers that are forked at once', async () => {
    const { of, code } = await run(how, {
      primary({ cluster, tell }) {
        const counts = { fork: 0, online: 0, listening: 0, disconnect: 0, exit: 0 };
        for (const name of Object.keys(counts)) cluster.on(name, () => (counts[name] += 1));
        cluster.on('listening', () => counts.listening === 20 && cluster.disconnect());
        process.on('exit', () => tell('counts', counts));
        for (let n = 0; n < 20; n++) cluster.fork();
      },
      worker() {
        require('node:net').createServer().listen(0);
      },
    });
    expect(code).toBe(0);
    expect(of('counts')).toEqual([[{ fork: 20, online: 20, listening: 20, disconnect: 20, exit: 20 }]]);
  });

  test('workers that are killed in floods of messages both ways: what came, came in order', async () => {
    const { of, code } = await run(how, {
      async primary({ cluster, tell }) {
        const { once } = require('node:events');
        for (let workers = 0; workers < 3; workers++) {
          const worker = cluster.fork();
          worker.on('error', () => {});
          let next = 0;
          let wrong = 0;
          worker.on('message', ({ n }) => {
            if (n !== next) wrong += 1;
            next += 1;
            if (next === 1000) worker.process.kill('SIGKILL');
          });
          const flood = setInterval(() => {
            for (let n = 0; n < 50 && worker.isConnected(); n++) worker.send({ n, text: 'x'.repeat(1000) });
          }, 1);
          const [, signal] = await once(worker, 'exit');
          clearInterval(flood);
          tell('end', signal, wrong, next >= 1000);
        }
      },
      worker() {
        let n = 0;
        process.on('message', () => {});
        setInterval(() => {
          for (let count = 0; count < 50; count++) process.send({ n: n++, text: 'x'.repeat(1000) });
        }, 1);
      },
    });
    expect(code).toBe(0);
    expect(of('end')).toEqual(Array(3).fill(['SIGKILL', 0, true]));
  });

  test('a fork without a descriptor left is an error event, and the next one succeeds', async () => {
    const { of, code } = await run(
      how,
      {
        primary({ cluster, tell }) {
          const { openSync, closeSync } = require('node:fs');
          const held = [];
          const first = cluster.fork();
          first.on('online', () => {
            try {
              for (;;) held.push(openSync('/dev/null'));
            } catch ({ code }) {
              tell('full', code);
            }
            const second = cluster.fork();
            tell('second', second.id, second.process.pid ?? null);
            second.on('error', ({ code, syscall, path }) => {
              tell('error', code, syscall === `spawn ${process.execPath}`, path === process.execPath);
              for (const each of held) closeSync(each);
              cluster.fork().on('exit', (exit) => {
                tell('exit', exit);
                first.process.kill();
              });
            });
          });
        },
        worker({ cluster }) {
          if (cluster.worker.id === 3) process.exit(9);
        },
      },
      { files: 100 },
    );
    expect(code).toBe(0);
    expect(of('full')).toEqual([['EMFILE']]);
    expect(of('second')).toEqual([[2, null]]);
    expect(of('error')).toEqual([['EMFILE', true, true]]);
    expect(of('exit')).toEqual([[9]]);
  });

  test('a primary in a thread forks, and its workers end with the thread', async () => {
    const { of, output, code } = await run(how, {
      async primary({ tell }) {
        const { once } = require('node:events');
        const { Worker: Thread } = require('node:worker_threads');
        const source = `
          const { parentPort } = require('node:worker_threads');
          const cluster = require('node:cluster');
          cluster.setupPrimary({ exec: ${JSON.stringify(process.argv[1])}, args: ${JSON.stringify(process.argv.slice(2))} });
          cluster.fork().on('message', (message) => parentPort.postMessage(message));`;
        const thread = new Thread(source, { eval: true });
        const [pid] = await once(thread, 'message');
        tell('worker', typeof pid);
        await thread.terminate();
      },
      worker() {
        process.send(process.pid);
      },
    });
    expect(code).toBe(0);
    expect(of('worker')).toEqual([['number']]);
    expect(output).toBe('');
  });
});

test('a message for a worker that has died is lost with it, and is no error that ends the primary', async () => {
  const { told, code } = await run('register', {
    primary({ cluster, tell }) {
      const net = require('node:net');
      const worker = cluster.fork();
      worker.on('error', ({ code: why }) => tell('error', why));
      worker.on('online', () => worker.process.kill('SIGKILL'));
      worker.on('disconnect', () => {
        worker.send('late');
        worker.send('late, with a callback', ({ code: why }) => tell('callback', why));
        // Who is on this connection hears that it is gone.
        const server = net.createServer((socket) => {
          socket.on('close', () => {
            tell('closed');
            server.close();
          });
          worker.send('late, with a handle', socket);
        });
        server.listen(0, () => net.connect(server.address().port).resume());
      });
      worker.on('exit', () => {
        tell('exit');
        worker.send('too late');
      });
    },
    worker() {},
  });
  expect(code).toBe(0);
  const names = told.map(({ name, args }) => [name, ...args]);
  expect(names.sort()).toEqual([['callback', 'ERR_IPC_CHANNEL_CLOSED'], ['closed'], ['exit']]);
});

test('a worker that closes its channel and goes on: what is sent to it is an error', async () => {
  const { told } = await run('register', {
    primary({ cluster, tell }) {
      const worker = cluster.fork();
      worker.on('disconnect', () => worker.send('late'));
      worker.on('error', ({ code: why }) => {
        tell('error', why);
        worker.process.kill('SIGKILL');
      });
    },
    worker() {
      process.removeAllListeners('disconnect');
      process.disconnect();
      setInterval(() => {}, 1000);
    },
  });
  expect(told).toEqual([{ name: 'error', args: ['ERR_IPC_CHANNEL_CLOSED'] }]);
});

test.each([1, 2])('a worker says once of each connection that it has it (schedulingPolicy = %i)', async (policy) => {
  const { of, code } = await run(
    'register',
    {
      async primary({ cluster, tell, given }) {
        const net = require('node:net');
        const { once } = require('node:events');
        cluster.schedulingPolicy = given.policy;
        cluster.fork();
        const [worker, { port }] = await once(cluster, 'listening');
        for (let n = 0; n < 20; n++) {
          const client = net.connect(port, '127.0.0.1').setEncoding('utf8');
          tell('answer', (await once(client, 'data'))[0]);
          await once(client, 'close');
        }
        worker.send('tell');
        tell('written', (await once(worker, 'message'))[0]);
        cluster.disconnect();
      },
      worker() {
        const symbols = Object.getOwnPropertySymbols(process);
        const handle = process[symbols.find(({ description }) => description === 'kChannelHandle')];
        const { writeUtf8String } = handle;
        const written = [];
        handle.writeUtf8String = function (request, text, ...rest) {
          written.push(text);
          return Reflect.apply(writeUtf8String, this, [request, text, ...rest]);
        };
        process.on('message', () => process.send(written));
        const server = require('node:net').createServer((socket) => socket.end('answer'));
        server.listen(0, '127.0.0.1');
      },
    },
    { given: { policy } },
  );
  expect(code).toBe(0);
  expect(of('answer')).toEqual(Array(20).fill(['answer']));
  const [[written]] = of('written');
  const count = (part) => written.filter((text) => text.includes(part)).length;
  if (policy === 2) expect(count('"accepted":true')).toBe(20);
  // The first ones may come before the preload has loaded what it needs.
  expect(count('NODE_HANDLE_ACK')).toBeLessThanOrEqual(3);
});
