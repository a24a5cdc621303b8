'use strict';

const { start, fixture } = require('../support/cluster');

const config = { count: 3, exec: fixture('workers/messages.js'), alone: fixture('alone/reporting.js') };

const aloneSends = (app, message) =>
  app.call('sendmessage', { to: 'alone', action: 'control', order: 'send', message });
const workerSends = (app, worker, message) => app.control(worker, 'send', { message });
const received = (app, action) => app.reports('message').filter(({ message }) => message.action === action);

/** The first that has this action. */
const next = (app, action) => app.report('message', ({ message }) => message.action === action);

/** Resolves once every process has handled what it was sent before: closing drains all channels. */
async function settled(app) {
  await app.call('close');
  await app.gone;
}

/** From each kind of process, one message as it was written. */
const senders = [
  ['the app', (app, message) => app.call('sendmessage', message)],
  ['the alone', aloneSends],
  ['a worker', async (app, message) => workerSends(app, (await app.workers())[0], message)],
];

describe.each(senders)('from %s', (_name, send) => {
  test('to the alone', async () => {
    const app = await start(config);
    const message = {
      to: 'alone',
      action: 'x',
      from: 'as written',
      data: { text: '你好\u2028\n"\\', number: -1.5e-7, none: null, list: [] },
    };
    await send(app, message);
    const report = await app.report('aloneMessage');
    expect(report.message).toEqual(message);
  });

  test('to one worker', async () => {
    const app = await start(config);
    await send(app, { to: 'worker', action: 'x', data: [1] });
    const { message } = await next(app, 'x');
    expect(message).toEqual({ to: 'worker', action: 'x', data: [1] });
    await settled(app);
    expect(received(app, 'x')).toHaveLength(1);
  });

  test(`to all workers`, async () => {
    const app = await start(config);
    await send(app, { to: 'worker', type: 'all', action: 'x', data: { a: 1 } });
    await settled(app);
    const reports = received(app, 'x');
    expect(reports.map(({ message }) => message.data)).toEqual(Array(3).fill({ a: 1 }));
    expect(new Set(reports.map(({ pid }) => pid)).size).toBe(3);
  });

  test('to the worker with this pid, which may be a text', async () => {
    const app = await start(config);
    const [, , target] = await app.workers();
    const pids = [target.pid, String(target.pid)];
    for (let i = 0; i < 10; i++) await send(app, { to: 'worker', worker_pid: pids[i % 2], action: 'x', i });
    await settled(app);
    expect(received(app, 'x').map(({ pid, message }) => [pid, message.i])).toEqual(
      Array.from({ length: 10 }, (_, i) => [target.pid, i]),
    );
  });
});

test.each([
  ['to: app', { to: 'app', action: 'x', data: 'for the app' }],
  ['no target', { hello: 'app' }],
  ['a target that nobody is', { to: 'moon', data: 1 }],
  ['not an object', 'just text'],
])('to the app (%s)', async (_name, message) => {
  const app = await start(config);
  const [worker] = await app.workers();
  await workerSends(app, worker, message);
  const [from, told] = await app.event('message');
  expect([from.id, told]).toEqual([worker.id, message]);
  await aloneSends(app, message);
  const { pid } = await app.call('alone');
  await expect(app.event('message', (sender) => sender.pid === pid)).resolves.toEqual([expect.anything(), message]);
});

test("type 'worker' reaches every worker in time", async () => {
  const app = await start(config);
  for (let i = 0; i < 100; i++) await app.call('sendmessage', { to: 'worker', action: 'x', i });
  await settled(app);
  const reports = received(app, 'x');
  // By chance one of three is left out of 100 with a probability of 10⁻¹⁷.
  expect(new Set(reports.map(({ pid }) => pid)).size).toBe(3);
  expect(reports.map(({ message }) => message.i).sort((a, b) => a - b)).toEqual(
    Array.from({ length: 100 }, (_, i) => i),
  );
});

describe('what cannot be delivered is told', () => {
  test.each([
    ['to a pid that no worker has', { to: 'worker', worker_pid: 1, action: 'x' }],
    ['to an alone that does not exist', { to: 'alone', action: 'x' }],
  ])('%s', async (_name, message) => {
    const app = await start({ ...config, alone: false });
    await app.call('sendmessage', message);
    const [, told, reason] = await app.event('undeliverable');
    expect(told).toEqual(message);
    expect(reason).toEqual(expect.any(String));
  });
});

test('worker.send(): to exactly that worker, whatever the message says', async () => {
  const app = await start(config);
  const [, target] = await app.workers();
  await expect(app.call('worker', target.id, 'send', { to: 'alone', action: 'x' })).resolves.toBe(true);
  const { pid, message } = await next(app, 'x');
  expect([pid, message]).toEqual([target.pid, { to: 'alone', action: 'x' }]);
});

test('what is larger than maxMessageBytes is refused by the app itself, with the option and the remedy', async () => {
  const app = await start({ maxMessageBytes: 4096 });
  const large = { to: 'worker', text: 'x'.repeat(5000) };
  const refused = { code: 'ERR_MESSAGE_TOO_LARGE', message: expect.stringContaining('maxMessageBytes') };
  await expect(app.call('sendmessage', large)).rejects.toMatchObject(refused);
  const [{ id }] = await app.workers();
  await expect(app.call('worker', id, 'send', large)).rejects.toMatchObject(refused);
  await expect(app.call('request', { to: 'worker', action: 'a', data: large })).rejects.toMatchObject(refused);
  // Bytes count, not characters.
  await expect(app.call('sendmessage', { to: 'worker', text: 'é'.repeat(2100) })).rejects.toMatchObject(refused);
});
