'use strict';

const { Processes } = require('../../lib/cli/processes');

/** What the model looks at of a ClusterWorker or a ClusterAlone. */
const child = (id, slot, state = 'forking', startedAt = 1000) => ({ id, slot, pid: 100 + id, state, startedAt });

let processes;
beforeEach(() => {
  processes = new Processes('shop', 1, 900);
});

const statuses = () => processes.rows().map(({ name, status }) => `${name} ${status}`);

test('from the first fork to ready', () => {
  const alone = child(1, undefined, 'ready');
  const [second, first] = [child(2, 2), child(1, 1)];
  processes.forked('worker', second);
  processes.forked('alone', alone);
  processes.forked('worker', first);
  expect(processes.ready(alone, 1050)).toBe(50);
  expect(processes.slots()).toEqual({ ready: 0, total: 2 });
  expect(processes.isSettled()).toBe(false);
  expect(processes.ready(first, 1080)).toBe(80);
  expect(processes.ready(first, 1090)).toBeUndefined();
  expect(processes.slots()).toEqual({ ready: 1, total: 2 });
  processes.ready(second, 1200);
  processes.appReady(1210);
  expect(processes.isSettled()).toBe(true);
  expect(processes.rows()).toEqual([
    { id: null, name: 'shop:app', type: 'app', pid: 1, slot: undefined, status: 'ready', readyAfter: 310 },
    { id: 1, name: 'shop:alone', type: 'alone', pid: 101, slot: undefined, status: 'ready', readyAfter: 50 },
    { id: 1, name: 'shop:worker:1', type: 'worker', pid: 101, slot: 1, status: 'ready', readyAfter: 80 },
    { id: 2, name: 'shop:worker:2', type: 'worker', pid: 102, slot: 2, status: 'ready', readyAfter: 200 },
  ]);
});

describe('a worker that died unasked', () => {
  test.each([
    [{ code: 1, signal: null }, 'crashed (code 1)'],
    [{ code: 0, signal: null }, 'exited (code 0)'],
    [{ code: null, signal: 'SIGKILL' }, 'killed (SIGKILL)'],
  ])('%j: %s', (end, status) => {
    const worker = child(1, 1);
    processes.forked('worker', worker);
    processes.ended(worker, { ...end, expected: false });
    expect(statuses()).toEqual(['shop:app booting', `shop:worker:1 ${status}`]);
    expect(processes.slots()).toEqual({ ready: 0, total: 1 });
  });

  test('is shown until its slot is taken', () => {
    const worker = child(1, 1);
    processes.forked('worker', worker);
    processes.ended(worker, { code: 1, signal: null, expected: false });
    processes.forked('worker', child(2, 2));
    expect(statuses()).toContain('shop:worker:1 crashed (code 1)');
    processes.forked('worker', child(3, 1));
    expect(statuses()).toEqual(['shop:app booting', 'shop:worker:1 booting', 'shop:worker:2 booting']);
  });

  test('whose successor was forked before its exit was told', () => {
    const worker = child(1, 1);
    processes.forked('worker', worker);
    processes.forked('worker', child(2, 1));
    processes.ended(worker, { code: 1, signal: null, expected: false });
    expect(processes.rows().map(({ id }) => id)).toEqual([null, 2]);
  });

  test('in development: it waits for a change', () => {
    const worker = child(1, 1);
    processes.forked('worker', worker);
    processes.ended(worker, { code: 1, signal: null, expected: false });
    processes.waitForChange();
    expect(statuses()).toContain('shop:worker:1 waiting for a change');
    expect(processes.isSettled()).toBe(false); // the app itself is not ready yet
    processes.forked('worker', child(2, 1));
    expect(statuses()).toContain('shop:worker:1 booting');
  });
});

test('a reload: the new one beside the old one, which drains and goes', () => {
  const [old, young] = [child(1, 1), child(2, 1, 'online', 2000)];
  processes.forked('worker', old);
  processes.ready(old, 1100);
  processes.appReady(1100);
  processes.forked('worker', young);
  expect(processes.slots()).toEqual({ ready: 1, total: 1 });
  processes.ready(young, 2100);
  expect(processes.isSettled()).toBe(false); // the canary's time beside the old one
  old.state = 'draining';
  expect(statuses().slice(1)).toEqual(['shop:worker:1 draining', 'shop:worker:1 ready']);
  expect(processes.isSettled()).toBe(false);
  old.state = 'dead';
  processes.ended(old, { code: 0, signal: null, expected: true });
  expect(statuses().slice(1)).toEqual(['shop:worker:1 ready']);
  expect(processes.isSettled()).toBe(true);
});

test('one that stands by takes the slot of one that died', () => {
  const [worker, reserve] = [child(1, 1), child(2, undefined, 'standby')];
  for (const each of [worker, reserve]) processes.forked('worker', each);
  processes.ready(worker, 1100);
  processes.standsBy(reserve, 1120);
  processes.appReady(1100);
  expect(statuses().slice(1)).toEqual(['shop:worker:1 ready', 'shop:worker:standby standby']);
  expect(processes.slots()).toEqual({ ready: 1, total: 1 });
  processes.ended(worker, { code: 1, signal: null, expected: false });
  Object.assign(reserve, { slot: 1, state: 'listening' });
  expect(processes.ready(reserve, 60_000)).toBe(120);
  expect(statuses().slice(1)).toEqual(['shop:worker:1 ready']);
});

test('those of whom no event tells are ready when nobody is waited for', () => {
  const [runs, listens, boots] = [child(1, 1, 'online'), child(2, 2, 'listening'), child(3, 3)];
  for (const worker of [runs, listens, boots]) processes.forked('worker', worker);
  processes.allReady();
  expect(processes.rows().slice(1)).toMatchObject([
    { status: 'ready', readyAfter: null },
    { status: 'ready', readyAfter: null },
    { status: 'booting', readyAfter: null },
  ]);
});
