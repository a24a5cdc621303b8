'use strict';
// @socket.io/sticky, which is written for the primary of a node:cluster: it passes each connection to the worker of its session.

const { once } = require('node:events');
const { io } = require('socket.io-client');
const { start, fixture } = require('../support/cluster');

const CLIENTS = 8;
const ROUNDS = 5;
// A session's worker tells the primary of it by a message, while its answer goes straight to the client: on a busy machine the client's
// next request can be there first, and gets a 400. That is @socket.io/sticky's own race (under node:cluster, too); clients reconnect.
const RECONNECT = { reconnectionDelay: 50, reconnectionDelayMax: 50 };

test.each(['polling', 'websocket'])(
  '%s: every session stays with one worker, and all workers have some',
  async (transport) => {
    const config = { exec: fixture('workers/socket-io.js'), count: 2, ready: 'message', serialization: 'advanced' };
    const app = await start(config, { script: fixture('socket-io-app.js') });
    const [port] = await app.event('front');
    const clients = Array.from({ length: CLIENTS }, () =>
      io(`http://127.0.0.1:${port}`, { transports: [transport], forceNew: true, ...RECONNECT }),
    );
    try {
      await Promise.all(clients.map((client) => once(client, 'connect')));
      const served = await Promise.all(
        clients.map(async (client) => {
          const pids = new Set();
          for (let i = 0; i < ROUNDS; i++) pids.add(await client.emitWithAck('who'));
          return [...pids];
        }),
      );
      for (const pids of served) expect(pids).toHaveLength(1);
      const workers = (await app.workers()).map(({ pid }) => pid);
      expect([...new Set(served.flat())].sort()).toEqual(workers.sort());
      expect(app.output).not.toContain('Error');
    } finally {
      for (const client of clients) client.disconnect();
    }
  },
);
