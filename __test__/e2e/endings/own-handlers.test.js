'use strict';
// The app's own shutdown code is part of every leaving that the cluster begins.

const { setTimeout: later } = require('node:timers/promises');
const { test } = require('../support/at-once');
const { start, fixture } = require('../support/cluster');
const { request } = require('../support/client');

const exec = (name) => fixture(`endings/${name}.js`);

/** What the cluster can end a worker by. */
const ways = {
  'reload()': (app) => app.call('reload'),
  'close()': (app) => app.call('close'),
  'scale()': (app) => app.call('scale', 1),
  'disconnect()': (app, worker) => app.call('worker', worker.id, 'disconnect'),
  'SIGTERM to the app': (app) => void app.kill('SIGTERM'),
};

/** Ends the worker of a slow request; resolves with the app's history once that worker is gone. */
async function endUnderRequest(app, way, { rounds = 1 } = {}) {
  for (let i = 1; i < rounds; i++) await request(await app.port());
  const slow = request(await app.port(), '/slow?ms=1000');
  const { pid } = await app.report('slow');
  const worker = (await app.workers()).find((each) => each.pid === pid);
  // scale() ends the last slot.
  const ended = way === ways['scale()'] ? (await app.workers()).at(-1) : worker;
  const done = way(app, ended);
  const answer = await slow;
  expect(answer).toMatchObject({ status: 200, body: { pid } });
  const [, code, signal] = await app.event('exit', ({ id }) => id === ended.id);
  // What it wrote last comes by another way than its exit.
  await app.report(signal ? 'flushed' : 'ended', ({ pid: from }) => from === ended.pid);
  await done;
  return { pid: ended.pid, code, signal };
}

/** The kinds of this process's reports, in order. */
function story(app, pid) {
  const told = app.history().filter(({ name, args }) => name === 'report' && args[0].pid === pid);
  return told
    .map(({ args: [{ kind }] }) => kind)
    .filter((kind) => ['slow', 'answered', 'flushing', 'flushed', 'ended'].includes(kind));
}

/** How a listener is called does not depend on whose it is: two meet every way, of which one raises the signal again. */
const EVERY = Object.keys(ways);
const SOME = ['reload()', 'SIGTERM to the app'];

test.each(
  [
    ['a listener that awaits', 'signal-handler', EVERY],
    ['NestJS', 'nest', EVERY],
    ['terminus', 'terminus', SOME],
    ['http-graceful-shutdown', 'http-graceful-shutdown', SOME],
    ['Fastify and close-with-grace', 'close-with-grace', SOME],
    ['stoppable', 'stoppable', SOME],
    ["egg's graceful-process", 'graceful-process', SOME],
  ].flatMap(([title, name, some]) => some.map((way) => [title, way, name])),
)('%s, ended by %s: after the last answer it is called once, and comes to its end', async (_title, way, name) => {
  const app = await start({ exec: exec(name), count: way === 'scale()' ? 2 : 1 });
  const { pid, code, signal } = await endUnderRequest(app, ways[way]);
  // NestJS raises the signal again.
  expect(code === 0 || signal === 'SIGTERM').toBe(true);
  const end = ['flushing', 'flushed', ...(signal === null ? ['ended'] : [])];
  if (way === 'scale()') expect(story(app, pid).filter((kind) => !['slow', 'answered'].includes(kind))).toEqual(end);
  else expect(story(app, pid)).toEqual(['slow', 'answered', ...end]);
  expect(app.events('unexpectedExit')).toEqual([]);
});

test('a listener that exits at once loses nobody', async () => {
  const app = await start({ exec: exec('exits-at-once'), count: 1 });
  const { pid } = await endUnderRequest(app, ways['reload()']);
  expect(story(app, pid)).toEqual(['slow', 'answered', 'flushed', 'ended']);
});

test('OpenTelemetry: every span is exported', async () => {
  const app = await start({ exec: exec('opentelemetry'), count: 1 });
  await endUnderRequest(app, ways['close()'], { rounds: 3 });
  expect(app.reports('flushed').map(({ spans }) => spans)).toEqual([3]);
});

test('signal-exit: nobody else is counted, it raises the signal again, and that is a good end', async () => {
  const app = await start({ exec: exec('signal-exit'), count: 1 });
  const end = await endUnderRequest(app, ways['reload()']);
  expect(end).toMatchObject({ code: null, signal: 'SIGTERM' });
  expect(app.reports('flushed')).toMatchObject([{ pid: end.pid, signal: 'SIGTERM' }]);
  expect(app.events('unexpectedExit')).toEqual([]);
});

test('signal-exit, and a real SIGTERM: the request under way is answered', async () => {
  const app = await start({ exec: exec('signal-exit'), count: 1 });
  const end = await endUnderRequest(app, (_app, { pid }) => void process.kill(pid, 'SIGTERM'));
  expect(end).toMatchObject({ code: null, signal: 'SIGTERM' });
});

test('signal-exit alone on SIGTERM: the listener of SIGINT is called', async () => {
  const app = await start({ exec: exec('behind-sigint'), count: 1 });
  const end = await endUnderRequest(app, ways['reload()']);
  expect([end.code, end.signal]).toEqual([0, null]);
  expect(app.reports('flushed')).toHaveLength(1);
});

test('a listener for each signal that raises it again: one of them is called, once', async () => {
  const app = await start({ exec: exec('raises-again'), count: 1 });
  const end = await endUnderRequest(app, ways['reload()']);
  expect([end.code, end.signal]).toEqual([null, 'SIGTERM']);
  expect(app.reports('flushed')).toMatchObject([{ pid: end.pid, signal: 'SIGTERM' }]);
});

test('answers that never end: the listener is called in time to end them', async () => {
  const app = await start({ exec: exec('endless'), count: 1, killTimeout: 5000 });
  const answer = request(await app.port());
  await app.report('asked');
  await app.call('close');
  await expect(answer).resolves.toMatchObject({ text: '{}\n{"last":true}\n' });
  expect(app.reports('flushed')).toHaveLength(1);
  expect(app.events('exit').map(([, code, signal]) => [code, signal])).toEqual([[0, null]]);
});

test('a listener that only logs: the process is ended in time for its exit listeners, not by SIGKILL', async () => {
  const app = await start({ exec: exec('logs-only'), count: 1, killTimeout: 5000 });
  const { pid, code, signal } = await endUnderRequest(app, ways['close()']);
  expect([code, signal]).toEqual([0, null]);
  expect(story(app, pid)).toEqual(['slow', 'answered', 'flushed', 'ended']);
  expect(app.events('exit')[0][0]).toMatchObject({ exitReason: 'killTimeout' });
});

test('a real SIGTERM: what the listener began is not cut', async () => {
  const app = await start({ exec: exec('signal-handler'), count: 1 });
  const [worker] = await app.workers();
  process.kill(worker.pid, 'SIGTERM');
  const [{ exitReason }, code, signal] = await app.event('exit', ({ id }) => id === worker.id);
  expect([exitReason, code, signal]).toEqual(['SIGTERM', 0, null]);
  await app.report('ended', ({ pid }) => pid === worker.pid);
  expect(story(app, worker.pid)).toEqual(['flushing', 'flushed', 'ended']);
  expect(app.events('unexpectedExit')).toEqual([]);
});

test('SIGTERM to every process: each listener is called once', async () => {
  const app = await start({ exec: exec('signal-handler'), count: 2 });
  const workers = await app.workers();
  for (const { pid } of workers) process.kill(pid, 'SIGTERM');
  app.kill('SIGTERM');
  await expect(app.gone).resolves.toEqual({ code: 0, signal: null });
  for (const { pid } of workers) expect(story(app, pid)).toEqual(['flushing', 'flushed', 'ended']);
});

test('after a signal that did not end the process the listeners of a later one are called', async () => {
  const app = await start({ exec: exec('signal-handler'), count: 1, killTimeout: 2000, env: { ASIDE: 'SIGINT' } });
  const [{ pid }] = await app.workers();
  process.kill(pid, 'SIGINT');
  await app.report('aside');
  await later(2000); // so long it may have been its end
  await app.call('close');
  await app.report('ended');
  expect(story(app, pid)).toEqual(['flushing', 'flushed', 'ended']);
});

describe('stopSignal', () => {
  test('by default SIGINT, where only that has listeners', async () => {
    const app = await start({ exec: exec('signal-handler'), count: 1, env: { SIGNALS: 'SIGINT' } });
    const { pid } = await endUnderRequest(app, ways['close()']);
    expect(story(app, pid)).toEqual(['slow', 'answered', 'flushing', 'flushed', 'ended']);
    expect(app.reports('flushed')).toMatchObject([{ by: 'SIGINT' }]);
  });

  test('another one', async () => {
    const app = await start({
      exec: exec('signal-handler'),
      count: 1,
      stopSignal: 'SIGQUIT',
      env: { SIGNALS: 'SIGTERM,SIGQUIT' },
    });
    await endUnderRequest(app, ways['close()']);
    expect(app.reports('flushed')).toMatchObject([{ by: 'SIGQUIT' }]);
  });

  test('another one that really came: its listeners are not called again', async () => {
    const app = await start({
      exec: exec('signal-handler'),
      count: 1,
      stopSignal: 'SIGQUIT',
      env: { SIGNALS: 'SIGQUIT' },
    });
    const [{ pid }] = await app.workers();
    process.kill(pid, 'SIGQUIT');
    await app.report('flushing');
    await app.call('close');
    await app.report('ended');
    expect(story(app, pid)).toEqual(['flushing', 'flushed', 'ended']);
  });

  test('false: none is called', async () => {
    const app = await start({ exec: exec('signal-handler'), count: 1, stopSignal: false });
    const { pid } = await endUnderRequest(app, ways['close()']);
    expect(story(app, pid)).toEqual(['slow', 'answered', 'ended']);
  });
});

test('a job loop without a server finishes its job', async () => {
  const app = await start({ exec: exec('job-loop'), count: 1, ready: 'online' });
  await app.report('job');
  await app.call('close');
  await app.report('ended');
  const last = Math.max(...app.reports('job').map(({ job }) => job));
  expect(app.reports('done').at(-1)).toMatchObject({ job: last });
  expect(app.events('exit').map(([, ...rest]) => rest)).toEqual([[0, null]]);
});

test('the alone has shutdown code of its own as well', async () => {
  const app = await start({ exec: exec('plain'), count: 1, alone: exec('signal-handler') });
  const { pid } = await app.call('alone');
  await app.call('close');
  await app.report('ended', ({ pid: from }) => from === pid);
  expect(story(app, pid)).toEqual(['flushing', 'flushed', 'ended']);
});
