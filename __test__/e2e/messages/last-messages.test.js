'use strict';
// Messages to a worker that ends: each is read, or reported to have reached nobody.

const { test } = require('../support/at-once');
const { start, fixture } = require('../support/cluster');

const numbers = (messages) =>
  messages
    .filter(({ action }) => action === 'numbered')
    .map(({ n }) => n)
    .sort((a, b) => a - b);

test.each([
  ['by SIGTERM', (_app, { pid }) => process.kill(pid, 'SIGTERM')],
  ['by scale()', (app) => app.call('scale', 1)],
])('sent by pid while it ends %s', async (_how, end) => {
  const app = await start({ count: 2, exec: fixture('workers/messages.js') });
  const [sender, target] = await app.workers();
  await app.control(sender, 'stream', { message: { to: 'worker', worker_pid: target.pid, action: 'numbered' } });
  await app.report('message', ({ pid, message }) => pid === target.pid && message.n === 50);
  await end(app, target);
  await app.event('exit', ({ pid }) => pid === target.pid);
  await app.control(sender, 'endStream');
  const { sent } = await app.report('streamed');
  await app.event('undeliverable', (_from, { n }) => n === sent - 1);

  const read = numbers(
    app
      .reports('message')
      .filter(({ pid }) => pid === target.pid)
      .map(({ message }) => message),
  );
  const returned = numbers(app.events('undeliverable').map(([, message]) => message));
  expect(read).toEqual(read.map((_, n) => n));
  expect(returned).toEqual(returned.map((_, i) => read.length + i));
  expect(read.length + returned.length).toBe(sent);
});
