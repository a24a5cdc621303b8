'use strict';
// When the table comes again: events of a cluster, as the library emits them, on a stream that says it is a terminal.

const { EventEmitter } = require('node:events');
const { PassThrough } = require('node:stream');
const { Display } = require('../../lib/cli/display');
const { Screen } = require('../../lib/cli/screen');

const PRODUCTION = { mode: 'production', watched: [] };
const DEVELOPMENT = { mode: 'development', isDevelopment: true, awaitsChanges: true, watched: [] };
const address = { addressType: 4, address: null, port: 3000 };
const MIB = 1024 * 1024;
const LONGER_THAN_ANY_PAUSE_MS = 20_000;

let cluster;
let out;
let nextId;

beforeEach(() => {
  jest.useFakeTimers();
  nextId = 1;
  cluster = Object.assign(new EventEmitter(), {
    title: 'shop',
    workers: new Map(),
    alone: null,
    stats: () => ({
      app: { pid: process.pid, usage: { rss: 54 * MIB, cpu: 10 } },
      children: Array.from(cluster.workers.values(), ({ pid }) => ({ pid, usage: { rss: 48 * MIB, cpu: 40 } })),
    }),
  });
});

afterEach(() => jest.useRealTimers());

function show({ isTTY }, config = PRODUCTION) {
  out = Object.assign(new PassThrough(), { isTTY, columns: 100 });
  out.setEncoding('utf8');
  return new Display(cluster, new Screen(out, { TERM: 'xterm', NO_COLOR: '1' }), config, () => Date.now());
}

function fork(slot) {
  const worker = { id: nextId, pid: 100 + nextId, slot, state: 'forking', uptime: 100, readyAfter: undefined };
  nextId += 1;
  cluster.workers.set(worker.id, worker);
  cluster.emit('fork', worker);
  return worker;
}

function listens(worker) {
  worker.state = 'listening';
  cluster.emit('listening', worker, address);
  becomesReady(worker);
}

function becomesReady(worker) {
  worker.readyAfter = 87;
  cluster.emit('workerReady', worker);
}

function exits(worker, code, { expected = false, reason, error } = {}) {
  cluster.workers.delete(worker.id);
  Object.assign(worker, { state: 'dead', exitedAfterDisconnect: expected, exitReason: reason, exitError: error });
  cluster.emit('exit', worker, code, null);
}

function startTwo() {
  const workers = [fork(1), fork(2)];
  workers.forEach(listens);
  cluster.emit('ready');
  return workers;
}

const read = () => out.read() ?? '';
const tables = (text) => text.split('┌').length - 1;

function afterPause() {
  jest.advanceTimersByTime(LONGER_THAN_ANY_PAUSE_MS);
  return read();
}

test('a terminal: what listens, then the table, once', () => {
  show({ isTTY: true });
  startTwo();
  const text = read();
  expect(text).toMatch(/^shop is ready in \d+ ms\n/);
  expect(text).toContain('listens on  http://localhost:3000/\n');
  expect(tables(text)).toBe(1);
  expect(afterPause()).toBe('');
});

test('nothing is ever written that has to be erased: the children write to the same terminal', () => {
  const display = show({ isTTY: true });
  const [worker] = startTwo();
  exits(worker, 1);
  display.stopping('SIGINT');
  cluster.emit('close');
  expect(read() + afterPause()).not.toMatch(/[\x00-\x09\x0b-\x1f]/); // eslint-disable-line no-control-regex
});

test('a terminal: what takes long is told, less and less often', () => {
  show({ isTTY: true });
  const workers = [1, 2, 3, 4, 5].map(fork);
  expect(read()).toBe('');
  jest.advanceTimersByTime(3000);
  const named = 'worker 1 (pid 101), worker 2 (pid 102), worker 3 (pid 103)';
  expect(read()).toBe(`shop: still booting: ${named} and 2 more\n`);
  jest.advanceTimersByTime(6000);
  expect(read()).toMatch(/^shop: still booting.*\n$/);
  jest.advanceTimersByTime(6000);
  expect(read()).toBe('');
  workers.forEach(becomesReady);
  cluster.emit('ready');
  read();
  jest.advanceTimersByTime(600_000);
  expect(read()).toBe('');
});

test("with `ready: 'message'` a worker that listens is not ready before it says so", () => {
  show({ isTTY: true });
  const worker = fork(1);
  worker.state = 'listening';
  cluster.emit('listening', worker, address);
  jest.advanceTimersByTime(3000);
  expect(read()).toBe('shop: still booting: worker 1 (pid 101)\n');
  becomesReady(worker);
  cluster.emit('ready');
  expect(read()).toMatch(/│ worker 1 │ 101 .* ready /);
  expect(afterPause()).toBe('');
});

test('a terminal: a whole reload gives one table', () => {
  show({ isTTY: true });
  const old = startTwo();
  read();
  for (const worker of old) {
    const successor = fork(worker.slot);
    jest.advanceTimersByTime(300);
    listens(successor);
    worker.state = 'draining';
    jest.advanceTimersByTime(300);
    exits(worker, 0, { expected: true, reason: 'reload' });
  }
  cluster.emit('reload', {
    ok: true,
    replaced: [
      { oldPid: 101, newPid: 103 },
      { oldPid: 102, newPid: 104 },
    ],
  });
  expect(tables(read())).toBe(0);
  const text = afterPause();
  expect(tables(text)).toBe(1);
  expect(text).toMatch(/103 .*104 /s);
  expect(text).not.toMatch(/\b10[12]\b/);
});

test('a terminal: one that does not come back is shown as well', () => {
  show({ isTTY: true });
  const [worker] = startTwo();
  read();
  exits(worker, 3);
  expect(read()).toContain('shop: worker 1 (pid 101) exited with code 3\n');
  const text = afterPause();
  expect(tables(text)).toBe(1);
  expect(text).toContain('crashed (code 3)');
  listens(fork(1));
  expect(afterPause()).toMatch(/│ 3 +│ worker 1 │ 103 +│ ready +│ 100 ms +│ 1 +│ 40 % │ 48 MB /);
});

test('a crash is told with what the app said of it', () => {
  show({ isTTY: true });
  const [worker] = startTwo();
  read();
  const error = new TypeError('no user\u001b[2J');
  exits(worker, 1, { reason: 'uncaughtException', error });
  const [told, at, code, mark] = read().split('\n');
  expect(told).toBe('shop: worker 1 (pid 101) crashed: TypeError: no user [2J');
  expect(at).toMatch(/^ {4}at .*__test__\/unit\/cli-display\.test\.js:\d+:\d+\)$/);
  expect(code).toBe("      const error = new TypeError('no user\\u001b[2J');");
  expect(mark).toBe(`      ${' '.repeat('const error = '.length)}^`);
});

describe('development', () => {
  test.each([true, false])('one line for a save, the table only at the start (terminal: %s)', (isTTY) => {
    show({ isTTY }, DEVELOPMENT);
    const worker = fork(1);
    listens(worker);
    cluster.emit('ready');
    expect(read()).toMatch(/^shop is ready in .*┘\n$/s);
    cluster.emit(
      'change',
      ['a.js', 'b.js', 'c.js', 'd.js'].map((name) => `${process.cwd()}/${name}`),
    );
    exits(worker, 0, { expected: true, reason: 'reload' });
    jest.advanceTimersByTime(149);
    listens(fork(1));
    cluster.emit('reload', { ok: true, replaced: [{ oldPid: 101, newPid: 102 }] });
    expect(read() + afterPause()).toBe('shop: reloaded in 149 ms (a.js, b.js, c.js and 1 more)\n');
  });

  test('what crashed waits for a change', () => {
    show({ isTTY: true }, DEVELOPMENT);
    const worker = fork(1);
    listens(worker);
    cluster.emit('ready');
    read();
    exits(worker, 1);
    cluster.emit('crash', new Error('shop: the worker of slot 1 (pid 101) exited with code 1'));
    const waits =
      'shop: the worker of slot 1 (pid 101) exited with code 1. It is started again when a file is saved.\n';
    expect(read() + afterPause()).toBe(waits);
    cluster.emit('reload', { ok: false, reason: 'not-ready', error: new Error('again'), replaced: [] });
    expect(read()).toBe('');
  });
});

test('a terminal: what has not changed is not shown again', () => {
  show({ isTTY: true });
  const [worker] = startTwo();
  read();
  cluster.emit('listening', worker, { ...address, port: 3001 });
  expect(afterPause()).toBe('');
});

test('a terminal: no table while it stops', () => {
  const display = show({ isTTY: true });
  const workers = startTwo();
  read();
  display.stopping('SIGINT');
  for (const worker of workers) exits(worker, 0, { expected: true, reason: 'shutdown' });
  cluster.emit('close');
  const text = read() + afterPause();
  expect(text).toMatch(/^shop: SIGINT.*\nshop: stopped\n$/);
  expect(tables(text)).toBe(0);
});

test('elsewhere: a line for each event, the table once, and nothing that moves a cursor', () => {
  show({ isTTY: false });
  const [worker] = startTwo();
  exits(worker, 1);
  listens(fork(1));
  const text = read() + afterPause();
  // eslint-disable-next-line no-control-regex
  expect(text).not.toMatch(/[\x00-\x09\x0b-\x1f]/);
  expect(tables(text)).toBe(1);
  expect(text.split('\n').filter((line) => line.startsWith('shop: '))).toEqual([
    'shop: worker 1 (pid 101) is booting',
    'shop: worker 2 (pid 102) is booting',
    'shop: worker 1 (pid 101) is ready in 87 ms',
    'shop: worker 2 (pid 102) is ready in 87 ms',
    'shop: worker 1 (pid 101) exited with code 1',
    'shop: worker 1 (pid 103) is booting',
    'shop: worker 1 (pid 103) is ready in 87 ms',
  ]);
});

test('undeliverable messages: each reason is told once', () => {
  show({ isTTY: false });
  for (const reason of ['no-alone', 'no-alone', 'gone']) cluster.emit('undeliverable', null, {}, reason);
  expect(read().match(/a message reached nobody: \S+/g)).toEqual([
    'a message reached nobody: no-alone',
    'a message reached nobody: gone',
  ]);
});

test('a reload that was given up tells why', () => {
  show({ isTTY: false });
  cluster.emit('reload', {
    ok: false,
    reason: 'did-not-stay',
    error: new Error('worker 1 exited with code 1'),
    replaced: [],
  });
  expect(read()).toBe('shop: the reload failed: worker 1 exited with code 1\n');
});

test('a reload that the end of the cluster cut short is not told', () => {
  show({ isTTY: false });
  cluster.emit('reload', {
    ok: false,
    reason: 'closed',
    error: new Error('reload(): the cluster was closed.'),
    replaced: [],
  });
  expect(read()).toBe('');
});

test('a signal while processes run: what is waited for; while none runs: nothing is', () => {
  const display = show({ isTTY: false });
  display.stopping('SIGINT');
  expect(read()).toBe('shop: SIGINT: no process is running, the cluster stops\n');
  cluster.alone = { pid: 99, state: 'online' };
  display.stopping('SIGINT');
  cluster.alone = null;
  fork(1);
  display.stopping('SIGINT');
  const waits = 'shop: SIGINT: workers finish their work; a second SIGINT kills everything at once';
  expect(
    read()
      .split('\n')
      .filter((line) => line.includes('SIGINT')),
  ).toEqual([waits, waits]);
});

test('a worker that fails while the cluster ends is not shown as one that was stopped', () => {
  show({ isTTY: false });
  const [first, second] = [fork(1), fork(2)];
  read();
  exits(first, 1, { reason: 'shutdown' });
  exits(second, 0, { expected: true, reason: 'shutdown' });
  expect(read()).toBe(
    'shop: worker 1 (pid 101) exited with code 1\nshop: worker 2 (pid 102) exited with code 0 (shutdown)\n',
  );
});
