'use strict';
// A worker without shutdown code of its own ends by running out of work.

const { test } = require('../support/at-once');
const { start, fixture } = require('../support/cluster');
const { request } = require('../support/client');
const { until } = require('../support/until');

const exec = fixture('endings/plain.js');

function kinds(app) {
  return app
    .history()
    .filter(({ name }) => name === 'report')
    .map(({ args: [{ kind }] }) => kind);
}

test("'disconnect', 'beforeExit' and 'exit' come once each, as under Node; process.exitCode is kept", async () => {
  const app = await start({ exec, count: 1, env: { EXIT_CODE: '3' } });
  await request(await app.port());
  await app.call('close');
  await app.report('ended');
  expect(kinds(app).filter((kind) => ['disconnect', 'beforeExit', 'ended'].includes(kind))).toEqual([
    'disconnect',
    'beforeExit',
    'ended',
  ]);
  expect(app.events('exit')[0].slice(1)).toEqual([3, null]);
});

/** A server of another process's. */
async function upstream() {
  const app = await start({ exec, count: 1 });
  return app.port();
}

const works = [
  ['a timer', 'timer', 3000, undefined],
  ['a file and a timer', 'file', 500, 'interval'],
  ["a worker thread's, beside an interval", 'thread', 3000, 'interval'],
  ["another server's answer", 'request', 3000, undefined],
  ["another server's answer, beside an interval", 'request', 3000, 'interval'],
  ["another server's answer by fetch()", 'fetch', 3000, undefined],
];

test.each(['reload', 'close'].flatMap((end) => works.map((work) => [end, ...work])))(
  '%s(): work behind a response is done: %s',
  async (end, _what, kind, amount, keeps) => {
    const env = { UPSTREAM: ['request', 'fetch'].includes(kind) ? String(await upstream()) : undefined, KEEPS: keeps };
    const app = await start({ exec, count: 1, env });
    await request(await app.port(), `/work?${kind}=${amount}`);
    await app.report('begun');
    await app.call(end);
    await app.report('ended');
    expect(app.reports('worked')).toHaveLength(1);
  },
);

test.each(['interval', 'hours', 'thread', 'pool'])(
  'what never ends by itself (%s) is ended once the event loop was quiet',
  async (keeps) => {
    const app = await start({
      exec,
      count: 1,
      killTimeout: 30_000,
      env: { KEEPS: keeps, UPSTREAM: String(await upstream()) },
    });
    const begin = Date.now();
    await app.call('close');
    expect(Date.now() - begin).toBeGreaterThanOrEqual(2000);
    expect(app.events('exit').map(([{ exitReason }, ...rest]) => [exitReason, ...rest])).toEqual([
      ['shutdown', 0, null],
    ]);
    await app.report('ended');
  },
);

test('every line reaches a reader that is slow', async () => {
  const app = await start({ exec, count: 1 });
  app.process.stdout.pause();
  await request(await app.port(), '/work?lines=20000');
  const closed = app.call('close');
  await until(async () => (await app.workers()).some(({ state }) => state === 'draining'));
  app.process.stdout.resume();
  await closed;
  await app.gone;
  expect(app.output.match(/^line \d+ x+$/gm)).toHaveLength(20_000);
});

test('fake timers in the worker do not hold it up', async () => {
  const app = await start({ exec: fixture('endings/fake-timers.js'), count: 1 });
  await request(await app.port());
  await app.call('close');
  expect(app.events('exit').map(([{ exitReason }, ...rest]) => [exitReason, ...rest])).toEqual([['shutdown', 0, null]]);
});

test("the app is killed: 'beforeExit' and 'exit' come still", async () => {
  const app = await start({ exec, count: 1 });
  app.kill('SIGKILL');
  await app.gone;
  expect(kinds(app).filter((kind) => ['disconnect', 'beforeExit', 'ended'].includes(kind))).toEqual([
    'disconnect',
    'beforeExit',
    'ended',
  ]);
});
