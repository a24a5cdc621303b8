'use strict';

const { test } = require('../support/at-once');
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

test.each(senders)(
  'from %s: to the alone, to one worker, to all workers, to the worker with this pid',
  async (_name, send) => {
    const app = await start(config);
    const [, , target] = await app.workers();
    const toAlone = {
      to: 'alone',
      action: 'alone',
      from: 'as written',
      data: { text: '你好\u2028\n"\\', number: -1.5e-7, none: null, list: [] },
    };
    const toOne = { to: 'worker', action: 'one', data: [1] };
    const toAll = { to: 'worker', type: 'all', action: 'all', data: { a: 1 } };
    const pids = [target.pid, String(target.pid)]; // it may be a text
    const toPid = Array.from({ length: 10 }, (_, i) => ({ to: 'worker', worker_pid: pids[i % 2], action: 'pid', i }));
    for (const message of [toAlone, toOne, toAll, ...toPid]) await send(app, message);
    // What the alone or a worker was told to send, it may send later: to workers that are there.
    await app.reported('message', 1 + 3 + toPid.length);
    await settled(app);

    expect(
      app
        .reports('aloneMessage')
        .map(({ message }) => message)
        .filter(({ action }) => action === 'alone'),
    ).toEqual([toAlone]);
    expect(received(app, 'one').map(({ message }) => message)).toEqual([toOne]);
    expect(received(app, 'all').map(({ message }) => message)).toEqual(Array(3).fill(toAll));
    expect(new Set(received(app, 'all').map(({ pid }) => pid)).size).toBe(3);
    expect(received(app, 'pid')).toEqual(toPid.map((message) => expect.objectContaining({ pid: target.pid, message })));
  },
);

test.each([
  ['a worker', async (app) => (await app.workers())[0], workerSends],
  ['the alone', (app) => app.call('alone'), (app, _child, message) => aloneSends(app, message)],
])('from %s to the app: whatever names no other', async (_name, childOf, send) => {
  const app = await start(config);
  const child = await childOf(app);
  const messages = [
    { to: 'app', action: 'x', data: 'for the app' },
    { hello: 'app' },
    { to: 'moon', data: 1 },
    'just text',
  ];
  for (const message of messages) await send(app, child, message);
  await app.event('message', (_from, message) => message === messages.at(-1));
  expect(app.events('message').map(([{ pid }, message]) => [pid, message])).toEqual(
    messages.map((message) => [child.pid, message]),
  );
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
