'use strict';
// Whatever a worker writes to its channel ends at most that worker.

const crypto = require('node:crypto');
const { start, fixture } = require('../support/cluster');
const { request } = require('../support/client');

const MIB = 1024 * 1024;

/** The app, the alone and a worker still do their work. */
async function expectAlive(app) {
  await expect(request(await app.port())).resolves.toMatchObject({ status: 200 });
  await app.call('sendmessage', { to: 'alone', action: 'ping' });
  await app.report('aloneMessage', ({ message }) => message.action === 'ping');
}

async function startWithAlone(config) {
  const app = await start({ alone: fixture('alone/reporting.js'), count: 2, ...config });
  const [culprit] = await app.workers();
  return { app, culprit };
}

const protocolError = async (app, culprit) => {
  const [child, error] = await app.event('protocolError');
  expect(child.id).toBe(culprit.id);
  return error;
};

test.each([
  ['random bytes', crypto.randomBytes(100_000)],
  ['random bytes without a newline', crypto.randomBytes(1000).map((byte) => (byte === 10 ? 11 : byte))],
  ['zeros', Buffer.alloc(5000)],
  ['lines that are no JSON', Buffer.from('hello\n{"to":\n[1,2\n')],
])('%s', async (_name, bytes) => {
  const { app, culprit } = await startWithAlone();
  await app.control(culprit, 'garbage', { base64: Buffer.concat([bytes, Buffer.from('\n')]).toString('base64') });
  const error = await protocolError(app, culprit);
  expect(error.code).toMatch(/^ERR_MESSAGE_/);
  await expectAlive(app);
});

test('invalid UTF-8 in JSON arrives as with node:cluster: replaced', async () => {
  const { app, culprit } = await startWithAlone();
  const bytes = Buffer.from('7b22746f223a22fffe227d0a', 'hex');
  await app.control(culprit, 'garbage', { base64: bytes.toString('base64') });
  const [, message] = await app.event('message', (worker) => worker.pid === culprit.pid);
  expect(message).toEqual({ to: '\ufffd\ufffd' });
  await expectAlive(app);
});

test('a line of 1 GiB: skipped in bounded memory', async () => {
  const { app, culprit } = await startWithAlone({ maxMessageBytes: 16 * MIB });
  const before = await app.call('rss');
  await app.control(culprit, 'endlessLine', { bytes: 1024 * MIB });
  const error = await protocolError(app, culprit);
  expect(error.code).toBe('ERR_MESSAGE_TOO_LARGE');
  await app.report('endlessLine'); // all written, or the channel was closed
  expect((await app.call('rss')) - before).toBeLessThan(128 * MIB);
  await expectAlive(app);
});

test('half a message, then exit: told, not delivered, replaced', async () => {
  const { app, culprit } = await startWithAlone();
  await app.control(culprit, 'halfFrame');
  await protocolError(app, culprit);
  await app.event('listening', (worker) => worker.slot === culprit.slot && worker.id !== culprit.id);
  await expectAlive(app);
  expect(app.reports('aloneMessage').map(({ message }) => message.action)).not.toContain('half');
});

test('an oversized message is skipped: its sender is warned, the next message arrives', async () => {
  const { app, culprit } = await startWithAlone({ maxMessageBytes: MIB });
  await app.control(culprit, 'sendLarge', { bytes: 2 * MIB });
  const error = await protocolError(app, culprit);
  expect(error.code).toBe('ERR_MESSAGE_TOO_LARGE');
  const warning = await app.report('warning');
  expect([warning.pid, warning.code]).toEqual([culprit.pid, 'CLUSTER_MESSAGE_TOO_LARGE']);
  await app.control(culprit, 'send', { message: { to: 'alone', action: 'small' } });
  await app.report('aloneMessage', ({ message }) => message.action === 'small');
  expect(app.reports('aloneMessage')).toHaveLength(1);
  expect(app.events('exit')).toEqual([]);
});

test('with a handle as well: its sender goes on', async () => {
  const { app, culprit } = await startWithAlone({ maxMessageBytes: MIB });
  await app.control(culprit, 'sendLargeWithHandle', { bytes: 2 * MIB });
  const error = await protocolError(app, culprit);
  expect(error.code).toBe('ERR_MESSAGE_TOO_LARGE');
  await app.report('warning', ({ pid, code }) => pid === culprit.pid && code === 'CLUSTER_MESSAGE_TOO_LARGE');
  await app.control(culprit, 'send', { message: { to: 'alone', action: 'small' } });
  await app.report('aloneMessage', ({ message }) => message.action === 'small');
  await app.call('close');
  expect(app.events('exit').map(([, ...how]) => how)).toEqual([
    [0, null],
    [0, null],
  ]);
});

test("a worker that forges Node's own messages harms at most itself", async () => {
  const { app, culprit } = await startWithAlone();
  const forged = [
    { cmd: 'NODE_CLUSTER', act: 'close', key: 'no such key', seq: 1 },
    { cmd: 'NODE_CLUSTER', act: 'no such act', seq: 2 },
    { cmd: 'NODE_HANDLE_ACK' },
    { cmd: 'NODE_HANDLE', type: 'net.Native', msg: {} },
    { cmd: 'NODE_YUNFLY', act: 'no such act' },
    { cmd: 'NODE_CLUSTER', ack: 12345, accepted: true },
  ];
  const lines = forged.map((message) => `${JSON.stringify(message)}\n`).join('');
  await app.control(culprit, 'garbage', { base64: Buffer.from(lines).toString('base64') });
  await protocolError(app, culprit);
  // Its own Node may end on an answer that it never asked for. The other worker goes on.
  const other = (await app.workers()).find(({ slot }) => slot !== culprit.slot);
  await app.control(other, 'send', { message: { to: 'alone', action: 'from the other' } });
  await app.report('aloneMessage', ({ message }) => message.action === 'from the other');
  await expectAlive(app);
});
