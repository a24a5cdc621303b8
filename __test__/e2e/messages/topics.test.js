'use strict';
// Publish and subscribe between real processes, through the native master.

const { inspect } = require('node:util');
const { launch, start, fixture } = require('../support/cluster');

const options = { script: fixture('topics-app.js') };
const config = { count: 2, exec: fixture('topics.js'), alone: fixture('topics.js') };

let tags = 0;

/** Has a child do something; resolves with its result. */
async function childDoes(app, child, order, ...args) {
  const tag = ++tags;
  await app.call('sendmessage', { ...child, action: 'topics', order, args, tag });
  return (await app.report('done', (report) => report.tag === tag)).value;
}

const appDoes = (app, _child, order, ...args) => app.call(order, ...args);

/** Every process: `does(order, ...args)`, its role and pid. */
async function everybody(app) {
  const [one, two] = await app.workers();
  const alone = await app.call('alone');
  const process = (role, pid, target, does) => ({ role, pid, does: (...args) => does(app, target, ...args) });
  const worker = ({ pid }) => process('worker', pid, { to: 'worker', worker_pid: pid }, childDoes);
  return {
    app: process('app', app.pid, undefined, appDoes),
    alone: process('alone', alone.pid, { to: 'alone' }, childDoes),
    one: worker(one),
    two: worker(two),
  };
}

/** What it heard, once it was so much; the order is that of its listeners. */
async function heard(app, { pid }, count) {
  const mine = () => app.reports('heard').filter((report) => report.pid === pid);
  await app.event('report', () => mine().length >= count);
  return mine().map(({ name, value, info }) => ({ name, value, info }));
}

describe.each(['json', 'advanced'])('serialization: %s', (serialization) => {
  test('who subscribed gets what anybody publishes, itself included; who did not gets nothing', async () => {
    const app = await start({ ...config, serialization }, options);
    const { app: inApp, alone, one, two } = await everybody(app);
    const value = { text: '你好\u2028"\\', list: [1, null] };
    for (const subscriber of [inApp, alone, one]) await subscriber.does('listen', 'subscribe', 'news "1"');
    await two.does('listen', 'subscribe', 'others');
    for (const publisher of [inApp, alone, one, two])
      expect(await publisher.does('publish', 'news "1"', value)).toBe(true);
    for (const subscriber of [inApp, alone, one]) {
      const all = await heard(app, subscriber, 4);
      for (const each of all) expect(each).toMatchObject({ name: 'news "1"', value: inspect(value) });
      const publishers = all.map(({ info }) => info).sort((a, b) => a.pid - b.pid);
      const expected = [inApp, alone, one, two].map(({ role, pid }) => ({
        from: role,
        pid,
        topic: 'news "1"',
        retained: false,
      }));
      expect(publishers).toEqual(expected.sort((a, b) => a.pid - b.pid));
    }
    await one.does('publish', 'others', 'last');
    expect((await heard(app, two, 1)).map(({ value: each }) => each)).toEqual(["'last'"]);
    expect(app.events('message')).toEqual([]);
    expect(app.events('undeliverable')).toEqual([]);
  });

  test('what serialization makes of a value', async () => {
    const app = await start({ ...config, serialization }, options);
    const { app: inApp, alone, one } = await everybody(app);
    for (const subscriber of [inApp, one]) await subscriber.does('listen', 'subscribe', 'map');
    for (const publisher of [inApp, alone]) await publisher.does('publishMap', 'map');
    const expected = serialization === 'json' ? '{}' : "Map(1) { 'at' => 1970-01-01T00:00:00.000Z }";
    for (const subscriber of [inApp, one])
      expect((await heard(app, subscriber, 2)).map(({ value }) => value)).toEqual([expected, expected]);
  });

  test('a retained value waits for those who come late, also for a worker that takes the place of one that died', async () => {
    const env = { TOPIC_AT_BOOT: 'config' };
    const app = await start({ ...config, serialization, env }, options);
    const { app: inApp, alone, one, two } = await everybody(app);
    await one.does('publish', 'config', 1, { retain: true });
    await one.does('publish', 'config', 2, { retain: true });
    await heard(app, two, 2);
    await app.call('killWorker', 1);
    await app.event('workerReady', ({ pid }) => ![one.pid, two.pid].includes(pid));
    const [successor] = (await app.workers()).filter(({ pid }) => ![one.pid, two.pid].includes(pid));
    const kept = { value: '2', info: { from: 'worker', pid: one.pid, topic: 'config', retained: true } };
    expect(await heard(app, successor, 1)).toEqual([{ name: 'at boot', ...kept }]);
    // Each listener gets it once, and only those that are new.
    await two.does('listen', 'subscribe', 'config', 'late');
    await two.does('listen', 'once', 'config', 'once');
    await inApp.does('listen', 'subscribe', 'config', 'late');
    await alone.does('publish', 'config', 3);
    const values = (all) => all.map(({ name, value, info }) => `${name} ${value} ${info.retained}`);
    expect(values(await heard(app, two, 6)).slice(2)).toEqual([
      'late 2 true',
      'once 2 true',
      'at boot 3 false',
      'late 3 false',
    ]);
    expect(values(await heard(app, inApp, 2))).toEqual(['late 2 true', 'late 3 false']);
    // null is a value, undefined is none.
    await alone.does('publish', 'config', null, { retain: true });
    await alone.does('forget', 'config');
    // Before that the master may still have the value.
    await heard(app, inApp, 4);
    await inApp.does('listen', 'subscribe', 'config', 'later');
    await alone.does('publish', 'config', 4);
    expect(values(await heard(app, inApp, 6)).slice(2)).toEqual([
      'late null false',
      'late undefined false',
      'late 4 false',
      'later 4 false',
    ]);
  });
});

test('listeners end by their function, by unsubscribe() and after once()', async () => {
  const app = await start(config, options);
  const { app: inApp, one, two } = await everybody(app);
  for (const who of [inApp, one]) {
    for (const name of ['a', 'b', 'c']) await who.does('listen', 'subscribe', 'topic', name);
    await who.does('listen', 'once', 'topic', 'once');
  }
  await two.does('publish', 'topic', 1);
  for (const who of [inApp, one]) {
    await heard(app, who, 4);
    await who.does('end', 'a');
    await who.does('end', 'a');
    await who.does('unsubscribe', 'topic', 'b');
  }
  await two.does('publish', 'topic', 2);
  for (const who of [inApp, one]) {
    const after = (await heard(app, who, 5)).slice(4);
    expect(after.map(({ name, value }) => `${name} ${value}`)).toEqual(['c 2']);
    await who.does('unsubscribe', 'topic');
    await who.does('listen', 'subscribe', 'end');
  }
  await two.does('publish', 'topic', 3);
  await two.does('publish', 'end', 3);
  for (const who of [inApp, one]) expect((await heard(app, who, 6))[5]).toMatchObject({ name: 'end' });
});

test('before the cluster is ready', async () => {
  const env = { TOPIC_AT_BOOT: 'early' };
  const app = launch({ ...config, env }, { ...options, api: 'createCluster' });
  const published = await app.call('startAndPublish', 'early', 'at once', { retain: true });
  expect(published).toEqual({ early: false, fine: true });
  const { app: inApp, alone, one, two } = await everybody(app);
  const { value, info } = (await heard(app, inApp, 1))[0];
  expect([value, info.retained]).toEqual(["'at once'", false]);
  for (const child of [alone, one, two])
    expect(await heard(app, child, 1)).toMatchObject([{ value: "'at once'", info: { from: 'app', retained: true } }]);
  expect(app.events('undeliverable')).toEqual([[null, { topic: 'early', value: 'too early' }, 'created']]);
  await app.call('closeThen', 'ofCluster', 'publish', 'early', 'too late');
  const [, message, reason] = await app.event('undeliverable', (_from, { value: sent }) => sent === 'too late');
  expect([message.topic, reason]).toEqual(['early', 'closed']);
});

test('enable: false: this process alone', async () => {
  const app = launch({ exec: fixture('workers/http.js'), enable: false }, options);
  await app.event('started');
  await app.call('publish', 'topic', { a: [1] }, { retain: true });
  await app.call('listen', 'subscribe', 'topic');
  await app.call('ofCluster', 'listen', 'once', 'topic', 'once');
  await app.call('publish', 'topic', 2);
  const values = (await heard(app, app, 3)).map(({ name, value, info }) => `${name} ${value} ${info.retained}`);
  expect(values).toEqual(['topic { a: [ 1 ] } true', 'once { a: [ 1 ] } true', 'topic 2 false']);
});

test('clusters of one app have topics of their own; the functions are those of the last one', async () => {
  const app = await start({ ...config, title: 'first' }, options);
  const { one } = await everybody(app);
  const other = { count: 1, exec: fixture('topics.js'), alone: false, mode: 'production', title: 'other' };
  await one.does('listen', 'subscribe', 'topic');
  await app.call('startOther', other, 'topic');
  await app.call('publish', 'topic', 'by the function');
  await app.event('otherHeard', (value) => value === 'by the function');
  await app.call('ofCluster', 'publish', 'topic', 'by the method');
  expect((await heard(app, one, 1)).map(({ value }) => value)).toEqual(["'by the method'"]);
  expect(app.events('otherHeard')).toHaveLength(1);
  await app.call('closeOther');
});

test('what does not work says why', async () => {
  const app = await start({ ...config, maxMessageBytes: 64 * 1024 }, options);
  const { app: inApp, one, two } = await everybody(app);
  for (const who of [inApp, one]) {
    expect(await who.does('publish', '', 1)).toMatchObject({ error: { code: 'ERR_TOPIC_INVALID' } });
    expect(await who.does('publish', 'x'.repeat(257), 1)).toMatchObject({ error: { code: 'ERR_TOPIC_INVALID' } });
  }
  const large = await inApp.does('publish', 'topic', 'x'.repeat(65 * 1024));
  expect(large).toMatchObject({ error: { code: 'ERR_MESSAGE_TOO_LARGE' } });
  await one.does('flood', 'topic', 64);
  expect(await app.report('warning')).toMatchObject({ pid: one.pid, code: 'CLUSTER_MESSAGE_TOO_LARGE' });
  await one.does('publishInThread', 'topic');
  expect(await app.report('inThread')).toMatchObject({ code: 'ERR_NO_CLUSTER' });
  await app.call('sendmessage', {
    to: 'worker',
    worker_pid: two.pid,
    action: 'topics',
    order: 'disconnectAndPublish',
    args: ['x'],
  });
  expect(await app.report('published')).toMatchObject({ pid: two.pid, fine: false });
  expect(await app.report('warned')).toMatchObject({ pid: two.pid, code: 'CLUSTER_CHANNEL_CLOSED' });
});

test('more values than are retained: who published hears so', async () => {
  const app = await start(config, options);
  const { app: inApp, one, two } = await everybody(app);
  await one.does('publishSeveral', 16_385, 'topic', { retain: true });
  const warning = await app.report('warning');
  expect(warning).toMatchObject({ pid: one.pid, code: 'CLUSTER_TOPIC_NOT_RETAINED' });
  expect(warning.message).toContain("'topic-16384'");
  await two.does('listen', 'subscribe', 'topic-16383');
  await two.does('listen', 'subscribe', 'topic-16384');
  await inApp.does('publish', 'topic-16384', 'delivered', { retain: true });
  expect((await heard(app, two, 2)).map(({ value }) => value)).toEqual(['16383', "'delivered'"]);
  expect((await app.event('warning'))[0]).toMatchObject({ code: 'CLUSTER_TOPIC_NOT_RETAINED' });
});
