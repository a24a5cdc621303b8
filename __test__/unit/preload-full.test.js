'use strict';
// A server with `maxConnections`: as soon as there is room the master hears of it.

const net = require('node:net');
const { once } = require('node:events');
const path = require('node:path');
const { folder, removeFolders } = require('./support/folder');
const { endAll, startServers } = require('./support/preloaded');

jest.setTimeout(120_000);
afterEach(endAll);
afterAll(removeFolders);

const source = `
  const net = require('node:net');
  const server = net.createServer((socket) => socket.on('close', () => process.send('closed')));
  server.maxConnections = 1;
  server.listen(0, () => net.createServer(() => process.send('came to another')).listen(0));`;

/** The handle of a connection that was accepted here, and its client. */
async function connection(listener) {
  const client = net.connect(listener.address().port, '127.0.0.1');
  client.on('error', () => {});
  const [socket] = await once(listener, 'connection');
  return { client, handle: socket._handle };
}

test('after a refusal the next end is told at once, and nothing else is', async () => {
  const child = await startServers(path.join(folder({ 'worker.js': source }), 'worker.js'), {}, 2);
  const heard = [];
  let hear = () => {};
  child.onMessage((message) => hear(message));
  let open = 1;
  // The other server's connections are reported, too.
  child.onFrame('NODE_YUNFLY', ({ act, servers }) => {
    if (act === 'connections' && servers[0].open !== open) hear((open = servers[0].open));
  });
  const answered = (wanted) =>
    new Promise((resolve) => child.onFrame('NODE_CLUSTER', ({ accepted }) => accepted === wanted && resolve()));
  const { servers } = await child.tells('connections', (report) => report.servers.length === 2);
  const listener = net.createServer({ pauseOnConnect: true }).listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const [first, second] = [await connection(listener), await connection(listener)];

  const taken = answered(true);
  child.give(servers[0].key, first.handle);
  await taken;
  await child.tells('connections', (report) => report.servers[0].open === 1);
  const refused = answered(false);
  // Node's own answer, which acknowledges the handle as well.
  child.worker.process.send({ cmd: 'NODE_CLUSTER', act: 'newconn', key: servers[0].key, seq: 1 }, second.handle);
  await refused;
  const hears = (count) =>
    new Promise((resolve) => {
      heard.length = 0;
      hear = (what) => heard.push(what) === count && resolve();
    });
  const other = hears(1);
  const third = net.connect(child.otherPort, '127.0.0.1');
  await other;
  expect(heard).toEqual(['came to another']);
  const both = hears(2);
  first.client.destroy();
  await both;
  expect(heard).toEqual([0, 'closed']);
  for (const client of [first.client, second.client, third]) client.destroy();
  listener.close();
});
