'use strict';
// examples/socket.io.

const http = require('node:http');
const { once } = require('node:events');
const { io } = require('socket.io-client');
const { GOOD_END, ended, startExample } = require('../support/examples');
const { until } = require('../support/until');

const clients = [];
afterEach(() => clients.splice(0).forEach((client) => client.disconnect()));

/** A client of an address of its own: all of 127.0.0.0/8 is this machine. Joins the room whenever it has connected. */
function visitor(port, number, transport) {
  const localAddress = `127.0.0.${number}`;
  const options = { transports: [transport], forceNew: true, reconnectionDelay: 50, localAddress };
  if (transport === 'polling') options.agent = new http.Agent({ localAddress });
  const client = io(`http://127.0.0.1:${port}`, options);
  clients.push(client);
  const visit = { client, heard: [], worker: undefined, left: [] };
  client.on('connect', async () => {
    visit.worker = await client.emitWithAck('join', 'tea');
  });
  client.on('disconnect', (reason) => {
    visit.worker = undefined;
    visit.left.push(reason);
  });
  client.on('said', (text) => visit.heard.push(text));
  return visit;
}

const workersOf = (visits) => visits.map(({ worker }) => worker);

async function expectAllHear(visits, text) {
  visits[0].client.emit('say', 'tea', text);
  await until(() => visits.every(({ heard }) => heard.includes(text)));
}

test.each(['polling', 'websocket'])('%s: rooms reach over both workers, also after a reload', async (transport) => {
  const { app, port } = await startExample('socket.io');
  const visits = Array.from({ length: 8 }, (_, i) => visitor(port, i + 2, transport));
  await until(() => workersOf(visits).every(Boolean));
  const before = new Set(workersOf(visits));
  expect(before.size).toBe(2);
  await expectAllHear(visits, 'hello');

  app.kill('SIGHUP');
  await until(() => workersOf(visits).every((pid) => pid && !before.has(pid)));
  expect(new Set(workersOf(visits)).size).toBe(2);
  await expectAllHear(visits, 'hello again');
  expect(visits.map(({ heard }) => heard)).toEqual(visits.map(() => ['hello', 'hello again']));

  const ends = visits.map(({ client }) => once(client, 'disconnect'));
  app.kill('SIGTERM');
  await Promise.all(ends);
  clients.forEach((client) => client.disconnect());
  expect(await ended(app)).toEqual(GOOD_END);
  expect(app.output).not.toContain('Error');
});
