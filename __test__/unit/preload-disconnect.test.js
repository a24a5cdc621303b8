'use strict';
// process.disconnect() and cluster.worker.disconnect() in a child whose messages wait.

const path = require('node:path');
const { folder, removeFolders } = require('./support/folder');
const { endAll, startWorker } = require('./support/preloaded');

jest.setTimeout(120_000);
afterEach(endAll);
afterAll(removeFolders);

/** A worker whose messages to 'alone' wait, and that runs `then()` when it is told to. */
async function holding(then) {
  const source = `
    const cluster = require('cluster');
    const net = require('net');
    const say = (text) => require('fs').writeSync(2, text + '\\n');
    const tell = (n, data) => process.send({ to: 'alone', n, data }, (error) => error && say(error.code));
    process.once('message', ${then});
    process.on('disconnect', () => say('disconnect'));
    process.send({ up: true });`;
  const child = startWorker(path.join(folder({ 'worker.js': source }), 'worker.js'));
  await child.sends('up');
  child.tell('pause', { lane: 'alone' });
  child.send({});
  return child;
}

const numbers = (child) => child.messages.slice(1).map(({ n }) => n);
const upTo = (count) => Array.from({ length: count }, (_, n) => n);

test.each([
  ['process', 'process.disconnect()'],
  ['cluster.worker', 'cluster.worker.disconnect()'],
])('%s.disconnect(): what was sent before arrives, more than the channel takes at once too', async (_what, call) => {
  const child = await holding(`() => {
    for (let n = 0; n < 500; n++) tell(n, 'x'.repeat(10_000));
    ${call};
  }`);
  expect(await child.ended).toEqual({ code: 0, signal: null });
  expect(numbers(child)).toEqual(upTo(500));
  expect(child.stderr).toBe('disconnect\n');
});

test('for the app the channel is closed at once: nothing more is sent, and to close it twice is an error, as under Node', async () => {
  const child = await holding(`() => {
    tell(0);
    process.disconnect();
    say('connected: ' + process.connected);
    tell(1);
    try {
      process.disconnect();
    } catch (error) {
      say(error.code);
    }
  }`);
  await child.ended;
  expect(numbers(child)).toEqual([0]);
  expect(child.stderr.trim().split('\n')).toEqual([
    'connected: false',
    'ERR_IPC_DISCONNECTED',
    'ERR_IPC_CHANNEL_CLOSED',
    'disconnect',
  ]);
});

test('handles, and what is behind them', async () => {
  const child = await holding(`() => net.createServer().listen({ port: 0, exclusive: true }, function () {
    process.send({ to: 'alone', n: 0 }, this);
    process.send({ to: 'alone', n: 1 }, this);
    for (let n = 2; n < 100; n++) tell(n, 'x'.repeat(10_000));
    process.disconnect();
    this.close();
  })`);
  await child.ended;
  expect(numbers(child)).toEqual(upTo(100));
  for (const n of [0, 1]) child.messages[n + 1].handle.close();
});

test('who disconnects is told to, meanwhile: no error', async () => {
  const child = await holding(`() => {
    for (let n = 0; n < 500; n++) tell(n, 'x'.repeat(10_000));
    process.disconnect();
    process.emit('internalMessage', { cmd: 'NODE_CLUSTER', act: 'disconnect' });
  }`);
  await child.ended;
  expect(numbers(child)).toEqual(upTo(500));
  expect(child.stderr).toBe('disconnect\n');
});

test('nothing waits: it is closed as ever', async () => {
  const child = await holding(`() => process.disconnect()`);
  expect(await child.ended).toEqual({ code: 0, signal: null });
  expect(child.stderr).toBe('disconnect\n');
});
