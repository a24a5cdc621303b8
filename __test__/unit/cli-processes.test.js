'use strict';

const { Processes } = require('../../lib/cli/processes');

/** What the model looks at of a ClusterWorker or a ClusterAlone. */
const child = (id, slot, state = 'forking') => ({ id, slot, pid: 100 + id, state, uptime: 50 });

let now;
let processes;
beforeEach(() => {
  now = 1000;
  processes = new Processes(1, () => now, 900);
});

const statuses = () => processes.rows().map(({ name, status }) => `${name} ${status}`);

test('from the first fork to ready', () => {
  const alone = child(1, undefined, 'ready');
  const [second, first] = [child(2, 2), child(1, 1)];
  processes.forked('worker', second);
  processes.forked('alone', alone);
  processes.forked('worker', first);
  processes.ready(alone);
  expect(processes.slots()).toBe(2);
  expect(processes.isSettled()).toBe(false);
  processes.ready(first);
  processes.ready(second);
  now = 1210;
  expect(processes.appReady()).toBe(310);
  now = 1300;
  expect(processes.isSettled()).toBe(true);
  const common = { status: 'ready', uptime: 50, restarts: 0 };
  expect(processes.rows()).toEqual([
    { id: null, name: 'app', type: 'app', pid: 1, slot: undefined, status: 'ready', uptime: 400, restarts: null },
    { id: 'a1', name: 'alone', type: 'alone', pid: 101, slot: undefined, ...common },
    { id: '1', name: 'worker 1', type: 'worker', pid: 101, slot: 1, ...common },
    { id: '2', name: 'worker 2', type: 'worker', pid: 102, slot: 2, ...common },
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
    expect(statuses()).toEqual(['app booting', `worker 1 ${status}`]);
    expect(processes.slots()).toBe(1);
    expect(processes.rows()[1].uptime).toBe(null);
  });

  test('is shown until its slot is taken', () => {
    const worker = child(1, 1);
    processes.forked('worker', worker);
    processes.ended(worker, { code: 1, signal: null, expected: false });
    processes.forked('worker', child(2, 2));
    expect(statuses()).toContain('worker 1 crashed (code 1)');
    processes.forked('worker', child(3, 1));
    expect(statuses()).toEqual(['app booting', 'worker 1 booting', 'worker 2 booting']);
  });

  test('whose successor was forked before its exit was told', () => {
    const worker = child(1, 1);
    processes.forked('worker', worker);
    processes.forked('worker', child(2, 1));
    processes.ended(worker, { code: 1, signal: null, expected: false });
    expect(processes.rows().map(({ id }) => id)).toEqual([null, '2']);
  });

  test('in development: it waits for a change', () => {
    const worker = child(1, 1);
    processes.forked('worker', worker);
    processes.ended(worker, { code: 1, signal: null, expected: false });
    processes.waitForChange();
    expect(statuses()).toContain('worker 1 waiting for a change');
    expect(processes.isSettled()).toBe(false); // the app itself is not ready yet
    processes.forked('worker', child(2, 1));
    expect(statuses()).toContain('worker 1 booting');
  });
});

test('a reload: the new one beside the old one, which drains and goes', () => {
  const [old, young] = [child(1, 1), child(2, 1, 'online')];
  processes.forked('worker', old);
  processes.ready(old);
  processes.appReady();
  processes.forked('worker', young);
  expect(processes.slots()).toBe(1);
  processes.ready(young);
  expect(processes.isSettled()).toBe(false); // the canary's time beside the old one
  old.state = 'draining';
  expect(statuses().slice(1)).toEqual(['worker 1 draining', 'worker 1 ready']);
  expect(processes.isSettled()).toBe(false);
  old.state = 'dead';
  processes.ended(old, { code: 0, signal: null, expected: true });
  expect(statuses().slice(1)).toEqual(['worker 1 ready']);
  expect(processes.isSettled()).toBe(true);
});

test('one that stands by takes the slot of one that died', () => {
  const [worker, reserve] = [child(1, 1), child(2, undefined, 'standby')];
  for (const each of [worker, reserve]) processes.forked('worker', each);
  processes.ready(worker);
  processes.appReady();
  expect(statuses().slice(1)).toEqual(['worker 1 ready', 'standby standby']);
  expect(processes.slots()).toBe(1);
  expect(processes.rows().map(({ restarts }) => restarts)).toEqual([null, 0, null]);
  processes.ended(worker, { code: 1, signal: null, expected: false });
  Object.assign(reserve, { slot: 1, state: 'listening' });
  processes.ready(reserve);
  expect(statuses().slice(1)).toEqual(['worker 1 ready']);
  expect(processes.rows()[1].restarts).toBe(1);
});
