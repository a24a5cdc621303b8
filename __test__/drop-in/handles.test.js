'use strict';

const { spawnSync } = require('node:child_process');
const { test } = require('../e2e/support/at-once');
const { BOTH, run, runtime } = require('./support/run');

const major = Number(spawnSync(runtime, ['-p', 'process.versions.node'], { encoding: 'utf8' }).stdout.split('.')[0]);

/** A cluster's worker of Node 18 asks its primary for port -1 when it is given a server, which throws there. */
const testServer = major >= 20 ? test : test.skip;

describe.each(BOTH)('handles between a primary and its workers (%s)', (how) => {
  test('a connection is given to a worker, which answers it, and is closed here', async () => {
    const { of, code } = await run(how, {
      primary({ cluster, tell }) {
        const net = require('node:net');
        const worker = cluster.fork();
        const server = net.createServer({ pauseOnConnect: true }, (socket) => {
          socket.on('close', () => tell('closed'));
          tell(
            'sent',
            worker.send('connection', socket, (error) => tell('callback', error)),
          );
        });
        worker.once('message', () => {
          server.listen(0, '127.0.0.1', () => {
            const client = net.connect(server.address().port, '127.0.0.1');
            let text = '';
            client.setEncoding('utf8').on('data', (part) => (text += part));
            client.on('end', () => {
              tell('answer', text);
              server.close();
              worker.disconnect();
            });
            client.end('question');
          });
        });
      },
      worker() {
        process.on('message', (message, socket) => {
          socket.setEncoding('utf8').on('data', (text) => socket.end(`${message}: ${text}`));
          socket.resume();
        });
        process.send('ready');
      },
    });
    expect(code).toBe(0);
    expect(of('answer')).toEqual([['connection: question']]);
    expect(of('callback')).toEqual([[null]]);
    expect(of('sent')).toEqual([[true]]);
  });

  test('a connection may be sent along with null, to a worker that has a server of its own', async () => {
    const { of, code } = await run(how, {
      async primary({ cluster, tell }) {
        const net = require('node:net');
        const { once } = require('node:events');
        const worker = cluster.fork();
        await once(cluster, 'listening');
        const server = net.createServer({ pauseOnConnect: true }, (socket) => worker.send(null, socket));
        await once(server.listen(0, '127.0.0.1'), 'listening');
        const client = net.connect(server.address().port, '127.0.0.1').setEncoding('utf8');
        tell('answer', (await once(client, 'data'))[0]);
        server.close();
        cluster.disconnect();
      },
      worker() {
        process.on('message', (message, socket) => socket.end(String(message)));
        require('node:http').createServer().listen(0, '127.0.0.1');
      },
    });
    expect(code).toBe(0);
    expect(of('answer')).toEqual([['null']]);
  });

  testServer('a net.Server takes connections on both sides', async () => {
    const { of, code } = await run(how, {
      async primary({ cluster, tell }) {
        const net = require('node:net');
        const { once } = require('node:events');
        const worker = cluster.fork();
        const server = net.createServer((socket) => socket.end('primary'));
        await Promise.all([once(worker, 'message'), once(server.listen(0, '127.0.0.1'), 'listening')]);
        const { port } = server.address();
        worker.send('server', server);
        tell('server', ...(await once(worker, 'message'))[0]);
        server.close();
        const client = net.connect(port, '127.0.0.1').setEncoding('utf8');
        tell('answer', (await once(client, 'data'))[0]);
        worker.disconnect();
      },
      worker() {
        process.on('message', (_, server) => {
          server.on('connection', (socket) => server.close() && socket.end('worker'));
          process.send([server instanceof require('node:net').Server, server.address().address]);
        });
        process.send('ready');
      },
    });
    expect(of('server')).toEqual([[true, '127.0.0.1']]);
    expect(of('answer')).toEqual([['worker']]);
    expect(code).toBe(0);
  });

  test('a dgram socket is heard by a worker that was given it', async () => {
    const { of, code } = await run(how, {
      async primary({ cluster, tell }) {
        const dgram = require('node:dgram');
        const { once } = require('node:events');
        const worker = cluster.fork();
        const socket = dgram.createSocket('udp4');
        await Promise.all([once(worker, 'message'), once(socket.bind(0, '127.0.0.1'), 'listening')]);
        worker.send('socket', socket);
        tell('socket', ...(await once(worker, 'message'))[0]);
        const { port } = socket.address();
        socket.close();
        const other = dgram.createSocket('udp4');
        other.send('datagram', port, '127.0.0.1');
        tell('datagram', (await once(worker, 'message'))[0]);
        other.close();
        worker.disconnect();
      },
      worker() {
        process.on('message', (_, socket) => {
          socket.on('message', (text) => {
            process.send(String(text));
            socket.close();
          });
          process.send([socket instanceof require('node:dgram').Socket, socket.address().address]);
        });
        process.send('ready');
      },
    });
    expect(of('socket')).toEqual([[true, '127.0.0.1']]);
    expect(of('datagram')).toEqual([['datagram']]);
    expect(code).toBe(0);
  });

  test('a worker gives a connection of its own to the primary, keepOpen or not', async () => {
    const { of, code } = await run(how, {
      primary({ cluster, tell }) {
        const net = require('node:net');
        const worker = cluster.fork();
        cluster.on('message', (from, message, socket) => {
          if (message.port) {
            const client = net.connect(message.port, '127.0.0.1').setEncoding('utf8');
            client.on('data', (text) => tell('answer', text));
            client.on('end', () => worker.disconnect());
            return;
          }
          tell('handle', from === worker, socket instanceof net.Socket);
          socket.end('by the primary');
        });
      },
      worker() {
        const server = require('node:net').createServer((socket) => process.send({ kind: 'socket' }, socket));
        server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }));
      },
    });
    expect(of('handle')).toEqual([[true, true]]);
    expect(of('answer')).toEqual([['by the primary']]);
    expect(code).toBe(0);
  });

  test('a handle that is closed is sent as none', async () => {
    const { of, code } = await run(how, {
      primary({ cluster, tell }) {
        const net = require('node:net');
        const worker = cluster.fork();
        worker.on('message', (message) => tell('message', message));
        const socket = new net.Socket();
        try {
          tell('sent', worker.send('nothing in it', socket));
        } catch (error) {
          tell('error', error.code);
        }
        worker.send('end');
      },
      worker() {
        process.on('message', (message, handle) => {
          process.send([message, handle === undefined]);
          if (message === 'end') process.disconnect();
        });
      },
    });
    expect(code).toBe(0);
    expect(of('error')).toEqual([]);
    expect(of('message')).toEqual([[['nothing in it', true]], [['end', true]]]);
  });
});
