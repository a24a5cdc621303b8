'use strict';
// What tools see that were written for the primary of a node:cluster.

const { test } = require('../support/at-once');
const { request } = require('../support/client');
const { start, launch, fixture } = require('../support/cluster');

const script = fixture('mirror-app.js');
const startMirrored = (config, options) => start(config, { script, ...options });

const keys = (workers) => workers.map(({ key }) => key);
const pids = (workers) => workers.map(({ pid }) => pid).sort((a, b) => a - b);

/** 'answered_total 5' */
const sample = (metrics, name) => Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(metrics)?.[1]);

test("prom-client's AggregatorRegistry: the metrics of all workers, from the app", async () => {
  const app = await startMirrored({ exec: fixture('workers/metrics.js'), count: 3 });
  const port = await app.port();
  for (let i = 0; i < 30; i++) await request(port);
  const metrics = await app.call('metrics');
  expect(sample(metrics, 'answered_total')).toBe(30);
  const labels = [...metrics.matchAll(/^worker_up\{pid="(\d+)"\} 1$/gm)].map(([, pid]) => Number(pid));
  expect(labels.sort((a, b) => a - b)).toEqual(pids(await app.workers()));
});

test('and after a worker was replaced, those of its successor', async () => {
  const app = await startMirrored({ exec: fixture('workers/metrics.js'), count: 2 });
  const [{ id, pid }] = await app.workers();
  await app.call('worker', id, 'kill', 'SIGKILL');
  const [successor] = await app.event('listening', (worker) => worker.id > 2);
  const metrics = await app.call('metrics');
  expect(metrics).toContain(`worker_up{pid="${successor.pid}"} 1`);
  expect(metrics).not.toContain(`"${pid}"`);
});

test('cluster.workers: those of the cluster, by id', async () => {
  const app = await startMirrored({ count: 2 });
  const workers = await app.workers();
  const mirrored = await app.call('nodeWorkers');
  expect(mirrored).toEqual(
    workers.map(({ id, pid }) => ({ key: id, id, pid, shown: true, connected: true, dead: false })),
  );
  expect(await app.call('closeThen', 'nodeWorkers')).toEqual([]);
});

test("events: each after the cluster's own of that name, with the same arguments", async () => {
  const app = await startMirrored({ count: 2 });
  const [{ id }] = await app.workers();
  await app.control({ pid: (await app.workers())[1].pid }, 'exit', { code: 3 });
  await app.event('exit', (worker) => worker.id === 2);
  await app.call('nodeWorker', id, 'kill', 'SIGKILL');
  await app.event('node:exit', (worker) => worker.id === id);
  for (const successor of [3, 4]) await app.event('node:listening', (worker) => worker.id === successor);
  await app.call('close');

  const both = ['fork', 'online', 'listening', 'disconnect', 'exit'];
  const names = app.eventNames();
  for (const name of both) {
    const own = app.events(name).map(([worker, ...args]) => [worker.id, worker.pid, ...args]);
    const mirrored = app.events(`node:${name}`).map(([worker, ...args]) => [worker.id, worker.pid, ...args]);
    expect(mirrored).toEqual(own);
    expect(own).toHaveLength(4);
    // One by one.
    const order = names.filter((each) => each === name || each === `node:${name}`);
    expect(order).toEqual(own.flatMap(() => [name, `node:${name}`]));
  }
  expect(
    app
      .events('node:exit')
      .map(([worker, code, signal]) => [worker.id, code, signal])
      .slice(0, 2),
  ).toEqual([
    [2, 3, null],
    [id, null, 'SIGKILL'],
  ]);
  // As node:cluster has it: listed until it is gone.
  for (const [worker] of app.events('node:disconnect'))
    expect(worker).toMatchObject({ shown: true, connected: false, dead: false });
  for (const [worker] of app.events('node:exit'))
    expect(worker).toMatchObject({ shown: false, connected: false, dead: true });
});

test("message: a worker's message to the app, not one to somebody else, not the alone's", async () => {
  const app = await startMirrored({ exec: fixture('workers/messages.js'), alone: fixture('alone/reporting.js') });
  const [worker] = await app.workers();
  const say = (message) => app.control(worker, 'send', { message });
  await say({ to: 'alone', action: 'elsewhere' });
  await say({ action: 'no target' });
  await app.call('sendmessage', { to: 'alone', action: 'control', order: 'send', message: { action: "the alone's" } });
  await app.event('message', (_from, message) => message.action === "the alone's");
  await say({ to: 'app', action: 'to the app' });
  await say('text');
  await app.event('node:message', (_from, message) => message === 'text');
  expect(app.events('node:message').map(([from, message]) => [from.id, message])).toEqual([
    [worker.id, { action: 'no target' }],
    [worker.id, { to: 'app', action: 'to the app' }],
    [worker.id, 'text'],
  ]);
});

test('worker.send and worker.disconnect', async () => {
  const app = await startMirrored({ exec: fixture('workers/messages.js') });
  const [{ id, pid }] = await app.workers();
  await app.call('nodeWorker', id, 'send', { type: 'from a tool' });
  await expect(app.report('message', ({ message }) => message.type === 'from a tool')).resolves.toMatchObject({ pid });
  await app.call('nodeWorker', id, 'disconnect');
  const [, code] = await app.event('node:exit', (worker) => worker.id === id);
  expect(code).toBe(0);
  await app.event('node:listening', (worker) => worker.id > 2);
});

test('a worker is a Worker of Node, on something like its ChildProcess; `settings` say what it runs', async () => {
  const exec = fixture('workers/messages.js');
  const app = await startMirrored({ exec, args: ['--x'] });
  const [{ id }] = await app.workers();
  await expect(app.call('nodeFace', id)).resolves.toEqual({
    isWorker: true,
    state: 'listening',
    settings: { exec, args: ['--x'], silent: false },
    alive: true,
    exitCode: null,
    signalCode: null,
    killed: false,
    connected: true,
  });
  await app.call('worker', id, 'kill', 0);
  for (const args of [[], [null], [null, {}]]) {
    await expect(app.call('nodeSend', id, { n: args.length }, ...args)).resolves.toBe('done');
    await app.report('message', ({ message }) => message.n === args.length);
  }
  await expect(app.call('sendAfterExit', id)).resolves.toEqual({
    how: [null, 'SIGKILL'],
    sent: 'ERR_IPC_CHANNEL_CLOSED',
    alive: false,
    dead: true,
  });
});

test("the settings are there to be read: the app's own fork() takes over nothing", async () => {
  const app = await startMirrored({ args: ['--x'] });
  await expect(app.call('forkUnasked')).resolves.toBe(script);
});

test('cluster.disconnect(callback): all workers end, none is replaced; those of the app itself, too', async () => {
  const app = await startMirrored({ count: 2 });
  const own = await app.call('forkOwn');
  await app.event('node:listening', (worker) => worker.pid === own.pid);
  await expect(app.call('disconnectAll')).resolves.toBe('done');
  expect(app.events('exit').map(([, code, signal]) => [code, signal])).toEqual([
    [0, null],
    [0, null],
  ]);
  expect([app.events('fork').length, app.events('close').length]).toEqual([2, 1]);
  app.call('exit', 0).catch(() => {});
  await app.gone;
});

describe("workers that the app forked with node:cluster itself stay the app's", () => {
  test('forked before: ours of the same id is not shown, and its events are not told', async () => {
    const app = launch({ count: 2 }, { script, api: 'createCluster' });
    const own = await app.call('forkOwn');
    expect(own.id).toBe(1);
    await app.event('node:listening');
    await app.call('start');
    const workers = await app.workers();
    expect(workers.map(({ id }) => id)).toEqual([1, 2]);
    expect(await app.call('nodeWorkers')).toMatchObject([own, { id: 2, pid: workers[1].pid }]);

    await app.call('worker', 1, 'kill', 'SIGKILL');
    await app.event('exit');
    await app.event('listening', ({ id }) => id === 3);
    expect(keys(await app.call('nodeWorkers'))).toEqual([1, 2, 3]);
    expect(app.events('node:exit')).toEqual([]);
    await app.call('close');
    expect(await app.call('nodeWorkers')).toMatchObject([own]);
    app.kill('SIGKILL');
    await app.gone;
  });

  test('forked later: it takes the place of ours, and keeps it when ours ends', async () => {
    const app = await startMirrored({ count: 2 });
    const own = await app.call('forkOwn');
    expect(own.id).toBe(1);
    await app.event('node:listening', (worker) => worker.pid === own.pid);
    await app.call('worker', 1, 'kill', 'SIGKILL');
    await app.event('node:exit', (worker) => worker.pid !== own.pid);
    expect((await app.call('nodeWorkers'))[0]).toMatchObject(own);
    await app.call('nodeWorker', 1, 'kill');
    await app.event('node:exit', (worker) => worker.pid === own.pid);
  });
});

test('of several clusters the first is shown, and another one only after its end', async () => {
  const app = await startMirrored({ count: 1 });
  const [first] = await app.workers();
  const config = { mode: 'production', exec: fixture('workers/http.js'), alone: false, count: 2 };
  await app.call('startOther', config);
  expect(await app.call('nodeWorkers')).toMatchObject([{ id: first.id, pid: first.pid }]);
  await app.call('closeOther');
  expect(await app.call('nodeWorkers')).toMatchObject([{ id: first.id, pid: first.pid }]);
  const others = await app.call('closeThen', 'startOther', config);
  expect(pids(await app.call('nodeWorkers'))).toEqual(pids(others));
  await app.call('closeOther');
});

test('loaded while the processes boot: what happens from then on is seen there', async () => {
  const app = await start({ count: 2 }, { script: fixture('mirror-late-app.js') });
  await app.call('close');
  await app.event('node:exit', (id) => id === 2);
  for (const name of ['online', 'listening', 'exit']) expect(app.events(`node:${name}`).flat().sort()).toEqual([1, 2]);
});

test('loaded when the cluster is ready: its workers are there', async () => {
  const app = await start({ count: 2 });
  expect(await app.call('nodeIds')).toEqual(['1', '2']);
});
