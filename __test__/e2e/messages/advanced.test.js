'use strict';
// `serialization: 'advanced'`: what JSON cannot hold, between all processes, through the native master.

const { inspect } = require('node:util');
const { start, fixture } = require('../support/cluster');
const { sharedApp } = require('../support/shared');
const { values } = require('../../fixtures/values');

const names = Object.keys(values());
const config = {
  count: 3,
  exec: fixture('workers/advanced.js'),
  alone: fixture('alone/advanced.js'),
  serialization: 'advanced',
};
const startAdvanced = (fields) => start({ ...config, ...fields }, { script: fixture('advanced-app.js') });
const shared = sharedApp(startAdvanced);

const pidsOf = async (app) => (await app.workers()).map(({ pid }) => pid);
const order = (app, target, action, details) => app.call('sendmessage', { ...target, action, ...details });

/** Once this process has got all values `times` times: the last ones each as it was sent, in order. */
async function expectValues(app, kind, pid, times = 1) {
  const came = () => app.reports(kind).filter((report) => report.pid === pid);
  await app.event('report', () => came().length >= times * names.length);
  expect(
    came()
      .slice((times - 1) * names.length)
      .map(({ name, difference }) => [name, difference]),
  ).toEqual(names.map((name) => [name, null]));
}

const senders = [
  ['the app', (app, target) => app.call('sendValues', target)],
  ['the alone', (app, target) => order(app, { to: 'alone' }, 'send', { target })],
  [
    'a worker',
    async (app, target) => order(app, { to: 'worker', worker_pid: (await pidsOf(app))[0] }, 'send', { target }),
  ],
];

test.each(senders)(
  'from %s everything arrives as it was sent: at the alone, at one worker, at all, at any',
  async (_sender, send) => {
    const app = shared();
    const pids = await pidsOf(app);
    await send(app, { to: 'alone' });
    await expectValues(app, 'value', (await app.call('alone')).pid);

    await send(app, { to: 'worker', worker_pid: String(pids[1]) });
    await expectValues(app, 'value', pids[1]);

    await send(app, { to: 'worker', type: 'all' });
    for (const pid of pids) await expectValues(app, 'value', pid, pid === pids[1] ? 2 : 1);

    const before = app.reports('value').length;
    await send(app, { to: 'worker', type: 'worker' });
    const came = (await app.reported('value', before + names.length)).slice(before);
    expect(came.map(({ name, difference }) => [name, difference]).sort()).toEqual(
      names.map((name) => [name, null]).sort(),
    );
  },
);

test.each(senders)('from %s, when it reaches nobody: the app has everything as it was sent', async (sender, send) => {
  const app = shared();
  await send(app, { to: 'worker', worker_pid: 1 });
  await app.event('returned', (came) => came.name === names.at(-1));
  const returned = app.events('returned');
  expect(returned.map(([came]) => came)).toEqual(names.map((name) => ({ name, difference: null })));
  for (const [, reason, pid] of returned) {
    expect(reason).toBe('no-such-worker');
    expect(pid ?? null).toEqual(sender === 'the app' ? null : expect.any(Number));
  }
});

test.each(senders.slice(1))('from %s everything arrives at the app as it was sent', async (_sender, send) => {
  const app = shared();
  await send(app, { to: 'app' });
  await app.event('came', (_pid, came) => came.name === names.at(-1));
  expect(app.events('came').flatMap(([, came]) => (came.name ? [came] : []))).toEqual(
    names.map((name) => ({ name, difference: null })),
  );
});

test('worker.send()', async () => {
  const app = shared();
  const [, { id, pid }] = await app.workers();
  await app.call('sendValuesTo', id);
  await expectValues(app, 'value', pid);
});

test('messages that JSON holds, too', async () => {
  const app = shared();
  const { pid } = await app.call('alone');
  const messages = ['just text', 7, true, ['a', 'list'], null, { to: 'nobody', is: 'plain' }];
  for (const message of messages) await order(app, { to: 'alone' }, 'send this', { message });
  const came = () => app.events('came').filter(([from]) => from === pid);
  await app.event('came', () => came().length === messages.length);
  expect(came().map(([, text]) => text)).toEqual(messages.map((message) => inspect(message)));
});

test('a handle goes with its message, between a worker and the alone, and between workers', async () => {
  const app = shared();
  const [first, second] = (await pidsOf(app)).map((worker_pid) => ({ to: 'worker', worker_pid }));
  const alone = { to: 'alone' };
  const ways = [
    [first, alone],
    [alone, first],
    [first, second],
  ];
  for (const [index, [from, target]] of ways.entries()) {
    await order(app, from, 'send a socket', { target });
    const read = (await app.reported('read', index + 1))[index];
    expect([from, target, read.text]).toEqual([from, target, 'by the receiver']);
  }
});

describe('requests and answers', () => {
  const clones = (count = 1) => names.flatMap((name) => Array(count).fill({ name, difference: null }));

  test('by the app', async () => {
    const app = shared();
    expect(await app.call('askValues', { to: 'alone' })).toEqual(clones());
    expect(await app.call('askValues', { to: 'worker' })).toEqual(clones());
    expect(await app.call('askValues', { to: 'worker', type: 'all' })).toEqual(clones(3));
  });

  test.each([
    ['the alone', async () => ({ to: 'alone' }), async (app) => (await app.call('alone')).pid],
    [
      'a worker',
      async (app) => ({ to: 'worker', worker_pid: (await pidsOf(app))[0] }),
      async (app) => (await pidsOf(app))[0],
    ],
  ])('by %s', async (_who, who, pidOf) => {
    const app = shared();
    await order(app, await who(app), 'ask', { target: { to: 'app' } });
    await expectValues(app, 'clone', await pidOf(app));
    const [, other] = await pidsOf(app);
    await order(app, await who(app), 'ask', { target: { to: 'worker', worker_pid: other } });
    await app.reported('clone', 2 * names.length);
    expect(app.reports('clone').filter(({ difference }) => difference !== null)).toEqual([]);
  });
});

test("ready: 'message'", async () => {
  const app = await startAdvanced({ ready: 'message', count: 1 });
  expect(await app.workers()).toHaveLength(1);
});

test("prom-client's AggregatorRegistry", async () => {
  const app = await start(
    { exec: fixture('workers/metrics.js'), serialization: 'advanced' },
    { script: fixture('mirror-app.js') },
  );
  const metrics = await app.call('metrics');
  for (const pid of await pidsOf(app)) expect(metrics).toContain(`worker_up{pid="${pid}"} 1`);
});
