'use strict';
// When the table comes again: events of a cluster, as the library emits them, on a stream that says it is a terminal.

const { EventEmitter } = require('node:events');
const { PassThrough } = require('node:stream');
const { Display } = require('../../lib/cli/display');
const { Screen } = require('../../lib/cli/screen');

const PRODUCTION = { mode: 'production', ready: 'listening', watched: [] };
const address = { addressType: 4, address: null, port: 3000 };
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
      workers: { starting: [...cluster.workers.values()].filter(({ state }) => state === 'forking').length },
    }),
  });
});

afterEach(() => jest.useRealTimers());

function show({ isTTY }, config = PRODUCTION) {
  out = Object.assign(new PassThrough(), { isTTY, columns: 100 });
  out.setEncoding('utf8');
  return new Display(cluster, new Screen(out, { TERM: 'xterm', NO_COLOR: '1' }), config);
}

function fork(slot) {
  const worker = { id: nextId, pid: 100 + nextId, slot, state: 'forking', startedAt: Date.now() };
  nextId += 1;
  cluster.workers.set(worker.id, worker);
  cluster.emit('fork', worker);
  return worker;
}

function listens(worker) {
  worker.state = 'listening';
  cluster.emit('listening', worker, address);
}

function exits(worker, code, { expected = false, reason } = {}) {
  cluster.workers.delete(worker.id);
  Object.assign(worker, { state: 'dead', exitedAfterDisconnect: expected, exitReason: reason });
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

test('a terminal: workers are counted as they boot, then comes the table, once', () => {
  show({ isTTY: true });
  startTwo();
  const text = read();
  expect(text).toMatch(/starting.*0\/1 workers ready.*0\/2 workers ready.*1\/2 workers ready.*2\/2 workers ready/s);
  expect(text).toContain('listens on  port 3000\n');
  expect(tables(text)).toBe(1);
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
});

test('a terminal: development waits for a change', () => {
  show({ isTTY: true }, { mode: 'development', ready: 'listening', watched: [] });
  const worker = fork(1);
  listens(worker);
  cluster.emit('ready');
  exits(worker, 1);
  cluster.emit('crash', new Error('a typing error'));
  expect(afterPause()).toContain('waiting for a change');
  cluster.emit('change', ['a.js', 'b.js', 'c.js', 'd.js']);
  expect(read()).toContain('shop: changed: a.js, b.js, c.js and 1 more\n');
  const successor = fork(1);
  expect(read()).toContain('0/1 workers ready');
  listens(successor);
  expect(afterPause()).toMatch(/102 .* ready/);
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
  expect(text).toMatch(/SIGINT.*1 left.*0 left.*shop: stopped\n$/s);
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
    'shop: worker 1 (pid 101) is ready in 0 ms',
    'shop: worker 2 (pid 102) is ready in 0 ms',
    'shop: worker 1 (pid 101) exited with code 1',
    'shop: worker 1 (pid 103) is booting',
    'shop: worker 1 (pid 103) is ready in 0 ms',
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
