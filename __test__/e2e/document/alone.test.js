'use strict';
// Section 8 of yunfly's document (README.md here): the alone.

const { once } = require('node:events');
const net = require('node:net');
const { start, fixture } = require('../support/cluster');
const { requests } = require('../support/client');
const { script } = require('../support/files');
const { shared } = require('../support/shared');

const COUNT = 3;

/** alone/reporting.js with a connection to the server at SERVICE_PORT: it says its pid there. */
const alone = () =>
  script(`
    const socket = require('node:net').connect(Number(process.env.SERVICE_PORT), '127.0.0.1');
    socket.on('error', () => {}).write(String(process.pid));
    module.exports = require('${fixture('alone/reporting.js')}');`);

let app, service, connection;
const connections = [];

beforeAll(async () => {
  service = net.createServer((socket) => connections.push(socket)).listen(0, '127.0.0.1');
  await once(service, 'listening');
  const connected = once(service, 'connection');
  const env = { SERVICE_PORT: service.address().port };
  app = await shared(() => start({ count: COUNT, minUptime: 100, alone: alone(), env, title: 'shop' }));
  [connection] = await connected;
  connection.on('error', () => {});
});

afterAll(() => {
  connection.destroy();
  service.close();
});

const alonePid = async () => (await app.call('alone')).pid;
const order = (name, message) => app.call('sendmessage', { to: 'alone', action: 'control', order: name, message });

/** The alone answers: it is alive, and has done what it was told before. */
async function answers(word) {
  await app.call('sendmessage', { to: 'alone', action: word });
  return app.report('aloneMessage', ({ message }) => message.action === word);
}

test('8.1 Mostly, business code need not consider the alone at all.', async () => {
  const without = await start({ count: 1 });
  await expect(without.call('alone')).resolves.toBeNull();
  for (const each of [app, without]) {
    const served = await requests(await each.port(), 10, 2);
    expect(served.map(({ status }) => status)).toEqual(Array(10).fill(200));
  }
});

test('8.2 Where code is to run in one process only, the alone comes into its own.', async () => {
  await app.reported('listening', COUNT);
  expect(app.reports('alone')).toMatchObject([{ pid: await alonePid() }]);
});

test('8.3 There is only one alone, and it keeps connections open for all, so it must not easily die or restart.', async () => {
  const pid = await alonePid();
  const [data] = connection.readableLength ? [connection.read()] : await once(connection, 'data');
  expect(String(data)).toBe(String(pid));
  const before = (await app.workers()).map((worker) => worker.pid);
  await expect(app.call('reload')).resolves.toMatchObject({ ok: true });
  const after = (await app.workers()).map((worker) => worker.pid);
  expect(after.filter((each) => before.includes(each))).toEqual([]);
  process.kill(pid, 'SIGTERM'); // as a service manager sends it to every process
  expect((await answers('after the reload')).pid).toBe(pid);
  expect(connection.destroyed).toBe(false);
  expect(connections).toHaveLength(1);
});

test('8.4 So the alone does not exit on an uncaught exception.', async () => {
  const pid = await alonePid();
  for (const [how, message] of [
    ['throw', 'thrown in the alone'],
    ['reject', 'rejected in the alone'],
  ]) {
    await order(how, message);
    const [alone, error] = await app.event('aloneError', (_alone, each) => each.message === message);
    expect(alone.pid).toBe(pid);
    expect(error).toMatchObject({ name: 'Error', stack: expect.stringContaining('reporting.js') });
  }
  expect((await answers('after the errors')).pid).toBe(pid);
  expect(app.events('aloneExit')).toEqual([]);
});

test('8.5 But it prints the error.', async () => {
  await app.event('output', (line) => line === 'Error: thrown in the alone');
  const { pid } = await app.call('alone');
  const lines = app.output.split('\n');
  const at = lines.indexOf('Error: thrown in the alone');
  expect(lines[at - 1]).toBe(`shop:alone (pid ${pid}): uncaught exception`);
  expect(lines[at + 1]).toMatch(/^ {4}at .*reporting\.js/);
});

test('8.6 Uncaught exceptions in the log call for attention.', async () => {
  await app.event('output', (line) => line === 'Error: rejected in the alone');
  // Whatever they are about, a log can be searched for them.
  const found = app.output.split('\n').filter((line) => /^shop:alone \(pid \d+\): (uncaught|unhandled)/.test(line));
  expect(found.map((line) => line.split(': ')[1])).toEqual(['uncaught exception', 'unhandled rejection']);
});
