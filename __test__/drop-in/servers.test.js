'use strict';

const path = require('node:path');
const { test } = require('../e2e/support/at-once');
const { BOTH, run, start } = require('./support/run');
const { connect, readAll } = require('../e2e/support/client');
const { folder } = require('../e2e/support/files');
const { holdPort } = require('../e2e/support/free-port');

describe.each(BOTH)('what workers listen on (%s)', (how) => {
  /** Eight connections, one after the other; tells which worker took each. */
  const parts = {
    async primary({ cluster, tell, given }) {
      const net = require('node:net');
      const { on, once } = require('node:events');
      if (given.policy !== undefined) cluster.schedulingPolicy = given.policy;
      cluster.fork();
      cluster.fork();
      let address;
      let listening = 0;
      // Not once() and once(): both may be told in the same turn.
      for await (const [, each] of on(cluster, 'listening')) {
        address = each;
        listening += 1;
        if (listening === 2) break;
      }
      tell('policy', cluster.schedulingPolicy);
      for (let n = 0; n < 8; n++) {
        const client = net.connect(given.path ?? address.port).setEncoding('utf8');
        const [id] = await once(client, 'data');
        tell('taken', Number(id));
        await once(client, 'close');
      }
      cluster.disconnect();
    },
    worker({ cluster, given }) {
      const server = require('node:net').createServer((socket) => socket.end(String(cluster.worker.id)));
      server.listen(given.path ?? { port: 0, exclusive: given.exclusive });
    },
  };

  test('a port of their own choice is the same for all, and each gets its turn', async () => {
    const { of, code } = await run(how, parts);
    expect(code).toBe(0);
    expect(of('policy')).toEqual([[2]]);
    expect(of('taken')).toHaveLength(8);
    expect(new Set(of('taken').flat())).toEqual(new Set([1, 2]));
  });

  test.each([
    ['schedulingPolicy = SCHED_NONE', { given: { policy: 1 } }, 1],
    ['NODE_CLUSTER_SCHED_POLICY=none', { env: { NODE_CLUSTER_SCHED_POLICY: 'none' } }, 1],
    ['NODE_CLUSTER_SCHED_POLICY=rr', { env: { NODE_CLUSTER_SCHED_POLICY: 'rr' } }, 2],
  ])('%s: all are answered', async (_, options, policy) => {
    const { of, code } = await run(how, parts, options);
    expect(code).toBe(0);
    expect(of('policy')).toEqual([[policy]]);
    expect(of('taken')).toHaveLength(8);
  });

  test('a unix socket, whose file goes with the last worker', async () => {
    const at = path.join(folder(), 'socket');
    const { of, code } = await run(how, parts, { given: { path: at } });
    expect(code).toBe(0);
    expect(of('taken')).toHaveLength(8);
    expect(require('node:fs').existsSync(at)).toBe(false);
  });

  test.each(['SIGKILL', 'SIGTERM'])('also when it ended by %s, and the primary at once', async (signal) => {
    const at = path.join(folder(), 'socket');
    const { of, code } = await run(
      how,
      {
        primary({ cluster, tell, given }) {
          cluster.on('listening', (worker) => {
            tell('there', require('node:fs').existsSync(given.path));
            worker.process.kill(given.signal);
          });
          cluster.on('exit', () => process.exit(7));
          cluster.fork();
        },
        worker: parts.worker,
      },
      { given: { path: at, signal } },
    );
    expect(code).toBe(7);
    expect(of('there')).toEqual([[true]]);
    expect(require('node:fs').existsSync(at)).toBe(false);
  });

  test('who comes to a worker that is full waits until there is room, and no worker ends', async () => {
    const { of, code } = await run(how, {
      async primary({ cluster, tell }) {
        const net = require('node:net');
        const { once } = require('node:events');
        cluster.schedulingPolicy = cluster.SCHED_RR;
        cluster.on('exit', (worker, code) => tell('exit', code));
        cluster.fork();
        const [, { port }] = await once(cluster, 'listening');
        const first = net.connect(port);
        await once(first, 'data');
        const others = [1, 2, 3].map(() => net.connect(port));
        await Promise.all(others.map((other) => once(other, 'connect')));
        const answers = Promise.all(others.map((other) => once(other, 'data').then(() => other.end())));
        // Meanwhile the worker is asked to take them.
        setTimeout(() => first.end(), 300);
        await answers;
        tell('answered', others.length);
        cluster.disconnect();
      },
      worker() {
        const server = require('node:net').createServer((socket) => socket.write('here'));
        server.maxConnections = 1;
        server.listen(0);
      },
    });
    expect(code).toBe(0);
    expect(of('answered')).toEqual([[3]]);
    expect(of('exit')).toEqual([[0]]);
  });

  test('a worker that cannot read our files any more serves, as under Node', async () => {
    const { of, code } = await run(how, {
      async primary({ cluster, tell }) {
        const net = require('node:net');
        const { once } = require('node:events');
        cluster.on('exit', (worker, code) => tell('exit', code));
        cluster.fork();
        const [, { port }] = await once(cluster, 'listening');
        for (let n = 0; n < 3; n++) {
          const [text] = await once(net.connect(port).setEncoding('utf8'), 'data');
          tell('taken', text);
        }
        cluster.disconnect();
      },
      worker() {
        const Module = require('node:module');
        const { _load: load } = Module;
        Module._load = (request, ...rest) => {
          if (request.startsWith('./')) throw new Error('out of reach');
          return load(request, ...rest);
        };
        require('node:net')
          .createServer((socket) => socket.end('here'))
          .listen(0);
      },
    });
    expect(code).toBe(0);
    expect(of('taken')).toEqual([['here'], ['here'], ['here']]);
    expect(of('exit')).toEqual([[0]]);
  });

  test('exclusive: each worker has a port of its own', async () => {
    const { of, code } = await run(how, {
      async primary({ cluster, tell }) {
        const { on } = require('node:events');
        cluster.fork();
        cluster.fork();
        let answers = 0;
        for await (const [, port] of on(cluster, 'message')) {
          tell('port', port);
          answers += 1;
          if (answers === 2) break;
        }
        // Node does not close it when the worker disconnects.
        for (const worker of Object.values(cluster.workers)) worker.kill();
      },
      worker() {
        const server = require('node:net').createServer();
        server.listen({ port: 0, exclusive: true }, () => process.send(server.address().port));
      },
    });
    expect(code).toBe(0);
    const [[first], [second]] = of('port');
    expect(first).not.toBe(second);
  });

  test('UDP: a socket that all share', async () => {
    const { of, code } = await run(how, {
      async primary({ cluster, tell }) {
        const { on, once } = require('node:events');
        const dgram = require('node:dgram');
        const workers = [cluster.fork(), cluster.fork()];
        const ports = [];
        for await (const [, { address, port, addressType }] of on(cluster, 'listening')) {
          ports.push(port);
          tell('listening', address, addressType);
          if (ports.length === 2) break;
        }
        tell('same', ports[0] === ports[1]);
        const client = dgram.createSocket('udp4');
        client.send('datagram', ports[0], '127.0.0.1');
        tell('answer', String((await once(client, 'message'))[0]));
        client.close();
        for (const worker of workers) worker.process.kill();
      },
      worker() {
        const socket = require('node:dgram').createSocket('udp4');
        socket.on('message', (text, { port }) => socket.send(`${text} back`, port, '127.0.0.1'));
        socket.bind(0, '127.0.0.1');
      },
    });
    expect(code).toBe(0);
    expect(of('listening')).toEqual(Array(2).fill(['127.0.0.1', 'udp4']));
    expect(of('same')).toEqual([[true]]);
    expect(of('answer')).toEqual([['datagram back']]);
  });

  test('listen({ fd }) of a socket that the primary was started with', async () => {
    const server = await holdPort({ host: '127.0.0.1' });
    const { port } = server.address();
    const parts = {
      primary({ cluster, tell }) {
        const worker = cluster.fork();
        cluster.on('listening', (_, { fd }) => tell('listening', fd));
        worker.on('message', () => worker.disconnect());
      },
      worker() {
        const answers = require('node:net').createServer((socket) => {
          socket.end('answer');
          process.send('answered');
        });
        answers.listen({ fd: 4 });
      },
    };
    const app = start(how, parts, { stdio: ['pipe', 'pipe', 'pipe', 'pipe', server._handle.fd] });
    server.close();
    await app.event('listening');
    const socket = await connect(port);
    await expect(readAll(socket)).resolves.toBe('answer');
    await expect(app.gone).resolves.toEqual({ code: 0, signal: null });
    expect(app.events('listening')).toEqual([[4]]);
  });

  test('a port that is held by another gives the worker its error', async () => {
    const { of, code } = await run(how, {
      async primary({ cluster, tell }) {
        const { once } = require('node:events');
        const server = require('node:net').createServer();
        await once(server.listen(0, '127.0.0.1'), 'listening');
        const worker = cluster.fork({ PORT: String(server.address().port) });
        const [message] = await once(worker, 'message');
        tell('error', message);
        server.close();
        worker.disconnect();
      },
      worker() {
        const server = require('node:net').createServer();
        server.on('error', ({ code, syscall }) => process.send([code, syscall]));
        server.listen(Number(process.env.PORT), '127.0.0.1');
      },
    });
    expect(code).toBe(0);
    expect(of('error')).toEqual([[['EADDRINUSE', 'bind']]]);
  });
});
