'use strict';
// What nobody asked for is told on stderr, and nothing else is.

const fs = require('node:fs');
const path = require('node:path');
const { test } = require('../support/at-once');
const { fixture, launch, start } = require('../support/cluster');
const { folder, script } = require('../support/files');
const { memoryGroup } = require('../support/memory-group');

const JSON_LINES = { env: { YUNFLY_LOG: 'json' } };

/** What was told so far: the entries without their time. */
function told(app) {
  const entries = app.output.split('\n').filter((line) => line.startsWith('{"timestamp"'));
  return entries.map((line) => ({ ...JSON.parse(line), timestamp: undefined, target: undefined }));
}

/** Resolves with the entry of this message, once it was told. */
async function entry(app, message) {
  const find = () => told(app).find((each) => message.test(each.message));
  await app.event('output', () => find() !== undefined);
  return find();
}

const replaced = (app, { slot, id }) =>
  app.event('workerReady', (other) => other.slot === slot && other.id > id).then(([worker]) => worker);

test('each end of a process that nobody asked for, once, and none of those that somebody did', async () => {
  const app = await start({ title: 'shop', killTimeout: 3000, logger: undefined }, JSON_LINES);
  let worker = (await app.workers()).find(({ slot }) => slot === 2);
  const expected = [];
  const expectEnd = (message, reason) => {
    const { slot, pid } = worker;
    expected.push({ level: 'WARN', message, cluster: 'shop', role: 'worker', slot, pid, reason });
  };
  const ends = [
    ['a worker was killed by SIGKILL', 'SIGKILL', () => process.kill(worker.pid, 'SIGKILL')],
    ['a worker exited with code 3', 'exit', () => app.control(worker, 'exit', { code: 3 })],
    [
      'a worker exited with code 1: Error: no luck',
      'uncaughtException',
      () => app.control(worker, 'throw', { message: 'no luck' }),
    ],
  ];
  for (const [message, reason, end] of ends) {
    expectEnd(message, reason);
    await end();
    worker = await replaced(app, worker);
  }
  await app.call('killWorker', worker.id);
  worker = await replaced(app, worker);
  process.kill(worker.pid, 'SIGTERM');
  worker = await replaced(app, worker);
  await app.call('reload');
  await app.call('scale', 3);
  await app.call('scale', 2);
  worker = (await app.workers()).find(({ slot, state }) => slot === 2 && state === 'listening');
  await app.control(worker, 'block');
  await app.report('blocking');
  await app.call('worker', worker.id, 'disconnect').catch(() => {});
  expectEnd('a worker did not finish within killTimeout (3000 ms): it was killed by SIGKILL', 'killTimeout');
  await app.event('exit', ({ id }) => id === worker.id);
  await app.call('close');
  await app.gone;
  expect(told(app)).toEqual(expected);
});

test('a worker that hangs, and one that is too large', async () => {
  const ends = [
    [
      { hangTimeout: 1000, killTimeout: 1500 },
      'loop',
      /^a worker hangs \(blocked, silent for \d+ ms\): it is replaced$/,
    ],
    [{ maxMemory: '200M' }, 'grow', /^a worker is replaced: it holds more than maxMemory$/],
  ];
  const tell = async ([config, order, message]) => {
    const app = await start({ count: 1, ...config }, JSON_LINES);
    const [{ id, pid }] = await app.workers();
    await app.control({ pid }, order, { bytes: 250 * 1024 * 1024 });
    await app.event('exit', (worker) => worker.id === id);
    await app.call('close');
    await app.gone;
    expect(told(app)).toEqual([expect.objectContaining({ message: expect.stringMatching(message), slot: 1, pid })]);
  };
  await Promise.all(ends.map(tell));
});

test('as text: the time, the level and what there is to know', async () => {
  const app = await start({ count: 1, title: 'shop' });
  const [{ pid }] = await app.workers();
  process.kill(pid, 'SIGKILL');
  const line = `WARN a worker was killed by SIGKILL cluster="shop" role="worker" slot=1 pid=${pid} reason="SIGKILL"`;
  await app.event('output', (text) => /^\d{4}-\S+Z +WARN /.test(text) && text.endsWith(line));
});

test('a slot that is given up, a reload that failed, and the end of it all', async () => {
  const made = folder();
  const broken = path.join(made, 'broken');
  const exec = script(`
    const fs = require('node:fs');
    const broken = fs.existsSync(${JSON.stringify(broken)}) ? fs.readFileSync(${JSON.stringify(broken)}, 'utf8') : '';
    if (broken.includes(process.env.NODE_APP_INSTANCE)) process.exit(7);
    require(${JSON.stringify(fixture('workers/http.js'))});`);
  const app = await start({ exec, limit: 1, minUptime: 100 }, JSON_LINES);
  const [first, second] = await app.workers();
  fs.writeFileSync(broken, '01');
  await app.call('reload');
  await expect(entry(app, /^a reload failed, .* exited with code 7 before it was ready$/)).resolves.toMatchObject({
    level: 'WARN',
    reason: 'did-not-stay',
  });
  process.kill(second.pid, 'SIGKILL');
  await expect(entry(app, /^a slot is given up for now: .*limit \(1 s\)/)).resolves.toMatchObject({
    level: 'WARN',
    slot: second.slot,
  });
  process.kill(first.pid, 'SIGKILL');
  await expect(entry(app, /^no worker could be started within limit/)).resolves.toMatchObject({
    level: 'ERROR',
    code: 'ERR_NO_WORKERS',
    message: expect.stringMatching(/exited with code 7 before it was ready$/),
  });
  await expect(app.gone).resolves.toMatchObject({ code: 1 });
});

test('into a logger, or not at all', async () => {
  const [pino, off] = await Promise.all([
    start({ count: 1, logger: 'pino', title: 'shop' }, { env: { YUNFLY_LOG: 'warn' } }),
    start({ count: 1 }, { env: { YUNFLY_LOG: 'off' } }),
  ]);
  for (const app of [pino, off]) {
    const [worker] = await app.workers();
    process.kill(worker.pid, 'SIGKILL');
    await replaced(app, worker);
    await app.call('close');
    await app.gone;
  }
  const lines = pino.output.trim().split('\n');
  expect(lines.map((line) => JSON.parse(line))).toEqual([
    expect.objectContaining({ level: 40, cluster: 'shop', slot: 1, msg: 'a worker was killed by SIGKILL' }),
  ]);
  expect(off.output).toBe('');
});

test('a message to the name of nobody, once for each name, unless somebody hears it', async () => {
  const app = await start({ count: 1, title: 'shop' });
  const [worker] = await app.workers();
  const send = async (message) => {
    await app.control(worker, 'send', { message });
    await app.event('message', (_from, heard) => heard.n === message.n);
  };
  await send({ to: 'aloen', n: 1 });
  await send({ to: 'aloen', n: 2 });
  await send({ to: 'app', n: 3 });
  await send({ n: 4 });
  await app.call('sendmessage', { to: 'agent', n: 5 });
  await app.call('sendmessage', { to: 'agent', n: 6 });
  await app.event('undeliverable', (_from, message) => message.n === 6);
  await app.call('listenForMessages');
  await send({ to: 'elsewhere', n: 7 });
  await app.call('close');
  await app.gone;
  const why = 'it went to the app, which does not listen for `message`';
  expect(app.output.trim().split('\n')).toEqual([
    `shop: nobody heard a message of the worker (pid ${worker.pid}) to "aloen": ${why}. Did you mean 'alone'? (Told once.)`,
    `shop: nobody heard a message of the app to "agent": there is no such process. \`to\` is 'app', 'alone' or 'worker'. (Told once.)`,
  ]);
});

const group = memoryGroup(400 * 1024 * 1024);
if (!group)
  process.stderr.write('NOT RUN: a worker that the system kills for its memory. No cgroup may be made here.\n');
(group ? globalThis.test : globalThis.test.skip)('out of memory, where the system says so', async () => {
  const app = launch({ count: 1 }, { ...JSON_LINES, command: group.command });
  await app.event('started');
  let [worker] = await app.workers();
  // Another SIGKILL is none.
  process.kill(worker.pid, 'SIGKILL');
  worker = await replaced(app, worker);
  await app.control(worker, 'grow', { bytes: 800 * 1024 * 1024 });
  const [ended, , signal] = await app.event('exit', ({ id }) => id === worker.id);
  expect([ended.exitReason, signal]).toEqual(['outOfMemory', 'SIGKILL']);
  await replaced(app, worker);
  await app.call('close');
  await app.gone;
  const message = 'a worker was killed by SIGKILL';
  expect(told(app)).toMatchObject([
    { message, reason: 'SIGKILL' },
    { message: `${message}: out of memory`, reason: 'outOfMemory', pid: worker.pid },
  ]);
  group.remove();
});

const testFull = fs.existsSync('/dev/full') ? test : test.skip;

testFull('an app whose log cannot be written goes on', async () => {
  const command = ['sh', '-c', 'exec "$@" 2>/dev/full', 'sh'];
  const app = await start({ count: 1 }, { command });
  const [victim] = await app.workers();
  process.kill(victim.pid, 'SIGKILL');
  await app.event('listening', ({ id }) => id !== victim.id);
  app.kill('SIGTERM');
  await expect(app.gone).resolves.toEqual({ code: 0, signal: null });
});
