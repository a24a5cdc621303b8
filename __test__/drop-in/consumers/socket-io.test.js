'use strict';
// @socket.io/sticky, with @socket.io/cluster-adapter between the workers.

const { once } = require('node:events');
const { io } = require('socket.io-client');
const { until } = require('../../e2e/support/until');
const { WAYS, pidsOf, startConsumer } = require('../support/consumers');

const CLIENTS = 6;
const ROUNDS = 5;

const cases = Object.keys(WAYS).flatMap((way) => ['polling', 'websocket'].map((transport) => [transport, way]));

/** Clients that are connected while `use` runs. */
async function withClients(port, transport, use) {
  const clients = Array.from({ length: CLIENTS }, () =>
    io(`http://127.0.0.1:${port}`, { transports: [transport], forceNew: true, reconnectionDelay: 50 }),
  );
  try {
    await Promise.all(clients.map((client) => once(client, 'connect')));
    await use(clients);
  } finally {
    for (const client of clients) client.disconnect();
  }
}

/** Which process serves each of them, several times over. */
async function serving(clients) {
  const served = await Promise.all(
    clients.map(async (client) => {
      const pids = new Set();
      for (let i = 0; i < ROUNDS; i++) pids.add(await client.emitWithAck('who'));
      return [...pids];
    }),
  );
  expect(served.map((pids) => pids.length)).toEqual(Array(CLIENTS).fill(1));
  return served.flat();
}

describe.each(cases)('socket.io by %s, %s', (transport, way) => {
  test('a session stays with its worker, and reaches those of all workers', async () => {
    const app = startConsumer(way, 'socket-io', { loadBalancingMethod: 'round-robin' });
    const { port } = await app.report('front');
    const workers = pidsOf(await app.reported('worker', 2));
    await withClients(port, transport, async (clients) => {
      expect([...new Set(await serving(clients))].sort()).toEqual(workers);
      expect(await clients[0].emitWithAck('count')).toBe(CLIENTS);
      const heard = Promise.all(clients.map((client) => once(client, 'to all')));
      clients[0].emit('to all', Buffer.from([0, 255, 10]));
      for (const [bytes] of await heard) expect([...bytes]).toEqual([0, 255, 10]);
    });
    expect(app.output).not.toContain('Error');
  });
});

// Under Node itself a client may wait for ever for a worker that died.
test.each(['polling', 'websocket'])(
  'socket.io by %s, register: the sessions of a worker that dies begin anew with others',
  async (transport) => {
    const app = startConsumer('register', 'socket-io', { loadBalancingMethod: 'least-connection' });
    const { port } = await app.report('front');
    const [dies] = await app.reported('worker', 2);
    await withClients(port, transport, async (clients) => {
      await serving(clients);
      process.kill(dies.pid, 'SIGKILL');
      await app.reported('worker', 3);
      await until(async () => {
        if (clients.some(({ connected }) => !connected)) return false;
        const answers = clients.map((client) =>
          client
            .timeout(1000)
            .emitWithAck('who')
            .catch(() => dies.pid),
        );
        return !(await Promise.all(answers)).includes(dies.pid);
      });
      expect(await serving(clients)).not.toContain(dies.pid);
    });
    expect(app.output).not.toContain('Error');
  },
);
