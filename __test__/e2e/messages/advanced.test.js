'use strict';
// `serialization: 'advanced'`: what JSON cannot hold, between all processes, through the native master.

const { start, fixture } = require('../support/cluster');
const { values } = require('../../fixtures/values');

const names = Object.keys(values());
const config = {
  count: 3,
  exec: fixture('workers/advanced.js'),
  alone: fixture('alone/advanced.js'),
  serialization: 'advanced',
};
const startAdvanced = (fields) => start({ ...config, ...fields }, { script: fixture('advanced-app.js') });

const pidsOf = async (app) => (await app.workers()).map(({ pid }) => pid);
const order = (app, target, action, details) => app.call('sendmessage', { ...target, action, ...details });

/** Once this process has got all values: each as it was sent, in order. */
async function expectValues(app, kind, pid) {
  await app.report(kind, (report) => report.pid === pid && report.name === names.at(-1));
  const came = app.reports(kind).filter((report) => report.pid === pid);
  expect(came.map(({ name, difference }) => [name, difference])).toEqual(names.map((name) => [name, null]));
}

const senders = [
  ['the app', (app, target) => app.call('sendValues', target)],
  ['the alone', (app, target) => order(app, { to: 'alone' }, 'send', { target })],
  [
    'a worker',
    async (app, target) => order(app, { to: 'worker', worker_pid: (await pidsOf(app))[0] }, 'send', { target }),
  ],
];

describe.each(senders)('from %s everything arrives as it was sent', (sender, send) => {
  test('at the alone', async () => {
    const app = await startAdvanced();
    await send(app, { to: 'alone' });
    await expectValues(app, 'value', (await app.call('alone')).pid);
  });

  test('at one worker', async () => {
    const app = await startAdvanced();
    const [, target] = await pidsOf(app);
    await send(app, { to: 'worker', worker_pid: String(target) });
    await expectValues(app, 'value', target);
  });

  test('at all workers', async () => {
    const app = await startAdvanced();
    await send(app, { to: 'worker', type: 'all' });
    for (const pid of await pidsOf(app)) await expectValues(app, 'value', pid);
  });

  test('at any worker', async () => {
    const app = await startAdvanced();
    await send(app, { to: 'worker', type: 'worker' });
    const came = await app.reported('value', names.length);
    expect(came.map(({ name, difference }) => [name, difference]).sort()).toEqual(
      names.map((name) => [name, null]).sort(),
    );
  });

  test('at its sender’s app, when it reaches nobody', async () => {
    const app = await startAdvanced();
    await send(app, { to: 'worker', worker_pid: 1 });
    await app.event('returned', (came) => came.name === names.at(-1));
    const returned = app.events('returned');
    expect(returned.map(([came]) => came)).toEqual(names.map((name) => ({ name, difference: null })));
    for (const [, reason, pid] of returned) {
      expect(reason).toBe('no-such-worker');
      expect(pid ?? null).toEqual(sender === 'the app' ? null : expect.any(Number));
    }
  });
});

test.each(senders.slice(1))('from %s everything arrives at the app as it was sent', async (_sender, send) => {
  const app = await startAdvanced();
  await send(app, { to: 'app' });
  await app.event('came', (_pid, came) => came.name === names.at(-1));
  expect(app.events('came').flatMap(([, came]) => (came.name ? [came] : []))).toEqual(
    names.map((name) => ({ name, difference: null })),
  );
});

test('worker.send()', async () => {
  const app = await startAdvanced();
  const [, { id, pid }] = await app.workers();
  await app.call('sendValuesTo', id);
  await expectValues(app, 'value', pid);
});

test.each([['just text'], [7], [true], [['a', 'list']], [null], [{ to: 'nobody', is: 'plain' }]])(
  'a message that JSON holds, too: %j',
  async (message) => {
    const app = await startAdvanced();
    const { pid } = await app.call('alone');
    await order(app, { to: 'alone' }, 'send this', { message });
    const [, came] = await app.event('came', (from) => from === pid);
    expect(came).toBe(require('node:util').inspect(message));
  },
);

test.each([
  ['a worker', 'the alone', async (app) => [{ to: 'worker', worker_pid: (await pidsOf(app))[0] }, { to: 'alone' }]],
  ['the alone', 'a worker', async (app) => [{ to: 'alone' }, { to: 'worker', worker_pid: (await pidsOf(app))[0] }]],
  [
    'a worker',
    'another',
    async (app) => (await pidsOf(app)).slice(0, 2).map((worker_pid) => ({ to: 'worker', worker_pid })),
  ],
])('a handle goes with its message, from %s to %s', async (_from, _to, of) => {
  const app = await startAdvanced();
  const [from, target] = await of(app);
  await order(app, from, 'send a socket', { target });
  expect(await app.report('read')).toMatchObject({ text: 'by the receiver' });
});

describe('requests and answers', () => {
  const clones = (count = 1) => names.flatMap((name) => Array(count).fill({ name, difference: null }));

  test('by the app', async () => {
    const app = await startAdvanced();
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
    const app = await startAdvanced();
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
