'use strict';
// Handles for which a primary with register has no descriptor: the master needs one of its own for each.

const { test } = require('../e2e/support/at-once');
const { run } = require('./support/run');

test('a handle for which no descriptor is left is an error of its callback, and stays here; without one a warning', async () => {
  const { of, output, code } = await run(
    'register',
    {
      async primary({ cluster, tell }) {
        const { once } = require('node:events');
        const { openSync, closeSync } = require('node:fs');
        const socket = require('node:dgram').createSocket('udp4');
        await once(socket.bind(0, '127.0.0.1'), 'listening');
        const worker = cluster.fork();
        await once(worker, 'online');
        const held = [];
        try {
          for (;;) held.push(openSync('/dev/null'));
        } catch ({ code }) {
          tell('full', code);
        }
        worker.on('error', ({ code, syscall }) => tell('error', code, syscall));
        worker.send('without', socket);
        worker.send('without', socket, ({ code }) => {
          tell('callback', code, socket.address().address);
          for (const each of held) closeSync(each);
          worker.send('with', socket);
          socket.close();
        });
        worker.on('message', (message) => tell('message', message));
      },
      worker() {
        process.on('message', (message, handle) => {
          process.send([message, handle?.address().address], () => process.disconnect());
          handle?.close();
        });
      },
    },
    { files: 100 },
  );
  expect(code).toBe(0);
  expect(of('full')).toEqual([['EMFILE']]);
  expect(of('error')).toEqual([]);
  expect(output).toMatch(/CLUSTER_MESSAGE_UNDELIVERED.*\(EMFILE\)/);
  expect(of('callback')).toEqual([['EMFILE', '127.0.0.1']]);
  expect(of('message')).toEqual([[['with', '127.0.0.1']]]);
});

test('a connection for which no descriptor is left is closed, and the primary lives', async () => {
  const { of, output, code } = await run(
    'register',
    {
      async primary({ cluster, tell }) {
        const net = require('node:net');
        const { once } = require('node:events');
        const { openSync, closeSync } = require('node:fs');
        const worker = cluster.fork();
        await once(worker, 'online');
        const server = net.createServer({ pauseOnConnect: true });
        await once(server.listen(0, '127.0.0.1'), 'listening');
        const client = net.connect(server.address().port, '127.0.0.1');
        const [connection] = await once(server, 'connection');
        const held = [];
        try {
          for (;;) held.push(openSync('/dev/null'));
        } catch ({ code }) {
          tell('full', code);
        }
        worker.send('take it', connection);
        await once(client.resume(), 'close');
        tell('closed', connection.destroyed);
        for (const each of held) closeSync(each);
        server.close();
        worker.disconnect();
      },
      worker() {
        process.on('message', () => {});
      },
    },
    { files: 100 },
  );
  expect(code).toBe(0);
  expect(of('full')).toEqual([['EMFILE']]);
  expect(of('closed')).toEqual([[true]]);
  expect(output).toMatch(/CLUSTER_MESSAGE_UNDELIVERED.*\(EMFILE\)/);
});
