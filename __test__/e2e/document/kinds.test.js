'use strict';
// Section 6 of yunfly's document (README.md here): master, alone and workers compared.

const { once } = require('node:events');
const fs = require('node:fs');
const net = require('node:net');
const path = require('node:path');
const { start, fixture } = require('../support/cluster');
const { request, requests } = require('../support/client');
const { folder, script } = require('../support/files');
const { shared } = require('../support/shared');

const COUNT = 3;

/** alone/reporting.js with a client of its own: of the server at SERVICE_PORT, a connection as long as it lives. */
const alone = () =>
  script(`
    require('node:net').connect(Number(process.env.SERVICE_PORT), '127.0.0.1').on('error', () => {});
    module.exports = require(${JSON.stringify(fixture('alone/reporting.js'))});`);

let app, port, service, connections, ends;

beforeAll(async () => {
  [connections, ends] = [[], []];
  service = net.createServer((socket) => {
    connections.push(socket.on('error', () => {}).on('close', () => ends.push(socket)));
  });
  await once(service.listen(0, '127.0.0.1'), 'listening');
  const env = { SERVICE_PORT: service.address().port };
  app = await shared(() =>
    start({ count: COUNT, minUptime: 100, alone: alone(), env, exec: fixture('workers/reporting.js') }),
  );
  port = await app.port();
  await app.reported('worker', COUNT);
});

afterAll(() => {
  for (const socket of connections) socket.destroy();
  service.close();
});

/** Has a worker go; resolves when its successor listens. */
async function replace(go) {
  const [victim] = await app.workers();
  await go(victim);
  await app.event('listening', ({ slot, id }) => slot === victim.slot && id > victim.id);
  return victim;
}

test('6.1 When an app starts, these three kinds of processes start with it.', async () => {
  const { children } = await app.call('stats'); // the master answers
  expect(children.map(({ role }) => role)).toEqual(['alone', 'worker', 'worker', 'worker']);
  expect(app.events('started')).toEqual([[COUNT]]);
});

test('6.2 Master, number: 1.', () => {
  // One for all, in the app process: each child has this one parent.
  expect(new Set(app.reports('worker').map(({ ppid }) => ppid))).toEqual(new Set([app.pid]));
  expect(app.processes()).toHaveLength(1 + 1 + COUNT);
});

test('6.3 Master, task: managing processes, forwarding messages between them.', async () => {
  const [victim, sender] = await app.workers();
  await app.control(sender, 'stream', { message: { to: 'alone', action: 'streamed' } });
  // Both without any JavaScript of the app: it stands still.
  const file = path.join(folder(), 'enough');
  const blocked = app.call('blockUntil', file);
  await app.event('blocking');
  const told = app.reports('aloneMessage').length;
  await app.reported('aloneMessage', told + 5);
  // A worker reports that it runs, which needs no event of the app.
  const workers = app.reports('worker').length;
  process.kill(victim.pid, 'SIGKILL');
  await app.reported('worker', workers + 1);
  expect(app.events('blocked')).toEqual([]);
  fs.writeFileSync(file, '');
  await blocked;
  await app.control(sender, 'endStream');
  await app.report('streamed');
});

test('6.4 Master, stability: very high.', async () => {
  const alonePid = (await app.call('alone')).pid;
  const [talker] = await app.workers();
  await app.control(talker, 'garbage', { base64: Buffer.from('{"no json\n').toString('base64') });
  await app.event('protocolError', ({ id }) => id === talker.id);
  await replace((victim) => app.control(victim, 'halfFrame'));
  await replace((victim) => app.control(victim, 'abort'));
  expect((await requests(port, 20, 4)).map(({ status }) => status)).toEqual(Array(20).fill(200));
  expect((await app.call('alone')).pid).toBe(alonePid);
  expect(app.events('exception')).toEqual([]);
});

test('6.5 Master, runs business code: no.', () => {
  const pids = app.events('report').map(([{ pid }]) => pid);
  expect(pids.length).toBeGreaterThan(COUNT);
  expect(pids).not.toContain(app.pid);
});

test('6.6 Alone, number: 1.', async () => {
  expect(app.reports('alone')).toHaveLength(1);
  const { children } = await app.call('stats');
  expect(children.filter(({ role }) => role === 'alone')).toHaveLength(1);
});

test('6.7 Alone, task: background work, such as clients with long-lived connections.', () => {
  expect(connections).toHaveLength(1);
});

test('6.8 Alone, stability: high.', async () => {
  // After all that has happened to workers, and now to all of them, it is the first one with its first connection.
  const [{ pid }] = app.reports('alone');
  await app.call('reload');
  expect((await app.call('alone')).pid).toBe(pid);
  expect([connections.length, ends.length]).toEqual([1, 0]);
});

test('6.9 Alone, runs business code: a little.', async () => {
  const { pid } = await app.call('alone');
  await app.call('sendmessage', { to: 'alone', action: 'little' });
  const told = await app.report('aloneMessage', ({ message }) => message.action === 'little');
  expect(told.pid).toBe(pid);
});

test('6.10 Worker, number: n.', async () => {
  await expect(app.workers()).resolves.toHaveLength(COUNT);
  await app.call('scale', COUNT + 1);
  await expect(app.workers()).resolves.toHaveLength(COUNT + 1);
  await app.call('scale', COUNT);
  await expect(app.workers()).resolves.toHaveLength(COUNT);
});

test('6.11 Worker, task: running business code.', async () => {
  const workers = await app.workers();
  const { body } = await request(port);
  expect(workers.map(({ pid }) => pid)).toContain(body.pid);
});

test('6.12 Worker, stability: average.', async () => {
  const before = await app.workers();
  const victim = await replace((worker) => app.control(worker, 'throw', { message: 'business code' }));
  const after = await app.workers();
  expect(after.map(({ id }) => id)).toEqual(
    expect.arrayContaining(before.filter(({ id }) => id !== victim.id).map(({ id }) => id)),
  );
});

test('6.13 Worker, runs business code: yes.', async () => {
  const [{ argv, isWorker }] = app.reports('worker');
  expect([argv[0], isWorker]).toEqual([fixture('workers/reporting.js'), true]);
});
