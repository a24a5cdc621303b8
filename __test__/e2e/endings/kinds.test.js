'use strict';

const { test } = require('../support/at-once');
const { start } = require('../support/cluster');
const { request } = require('../support/client');
const { folder } = require('../support/files');

/** Resolves when another worker listens in the slot of `worker`. */
async function replaced(app, worker) {
  const [successor] = await app.event('fork', (other) => other.slot === worker.slot && other.id !== worker.id);
  await app.event('listening', (other) => other.id === successor.id);
  return successor;
}

/** How `worker` ended: what `exit` told, and how often `unexpectedExit` did. Its replacement listens. */
async function ending(app, worker) {
  const isIt = (other) => other.id === worker.id;
  const [{ exitReason: reason }, code, signal] = await app.event('exit', isIt);
  await replaced(app, worker);
  await app.workers(); // `unexpectedExit` is emitted right after `exit`: the answer comes after both
  const unexpected = app.events('unexpectedExit').filter(([other]) => isIt(other));
  for (const [, ...rest] of unexpected) expect(rest).toEqual([code, signal]);
  return { reason, code, signal, unexpected: unexpected.length };
}

/** Where the first `name` about this worker is in the order of all events. */
function orderOf(app, name, { id }) {
  const names = app.eventNames();
  const nth = app.events(name).findIndex(([worker]) => worker.id === id);
  expect(nth).not.toBe(-1);
  let seen = -1;
  return names.findIndex((each) => each === name && ++seen === nth);
}

test.each([
  ['an uncaught exception', 'throw', 'uncaught exception'],
  ['an unhandled rejection', 'reject', 'unhandled rejection'],
])(
  '%s: a slow request is answered, the replacement serves before the old worker exits',
  async (_name, order, logged) => {
    const app = await start({ count: 1, crashTimeout: 8000 });
    const [victim] = await app.workers();
    const port = await app.port();
    const slow = request(port, '/slow?ms=2000');
    await app.report('slow');
    await app.control(victim, order, { message: 'failed on purpose' });
    const successor = await replaced(app, victim);
    await expect(request(port)).resolves.toMatchObject({ status: 200, body: { pid: successor.pid } });
    await expect(slow).resolves.toMatchObject({ status: 200, body: { pid: victim.pid } });
    await expect(ending(app, victim)).resolves.toEqual({
      reason: 'uncaughtException',
      code: 1,
      signal: null,
      unexpected: 1,
    });
    expect(orderOf(app, 'fork', successor)).toBeLessThan(orderOf(app, 'exit', victim));
    await app.wrote(`(pid ${victim.pid}): ${logged}`);
    await app.wrote('Error: failed on purpose');
  },
);

test.each(['throw', 'reject'])("the app's own uncaughtException handler keeps the worker alive (%s)", async (order) => {
  const app = await start({ count: 1 });
  const [worker] = await app.workers();
  await app.control(worker, 'handleExceptions');
  await app.report('handling');
  await app.control(worker, order, { message: 'handled by the app' });
  await app.report('handled', ({ message }) => message === 'handled by the app');
  await expect(request(await app.port())).resolves.toMatchObject({ status: 200, body: { pid: worker.pid } });
  expect(app.events('fork')).toHaveLength(1);
  expect(await app.workers()).toEqual([expect.objectContaining({ id: worker.id, state: 'listening' })]);
});

test('cluster.worker.disconnect() in the worker: it finishes, as asked for', async () => {
  const app = await start({ count: 2 });
  const [victim] = await app.workers();
  await app.control(victim, 'disconnect');
  await expect(ending(app, victim)).resolves.toEqual({ reason: 'disconnect', code: 0, signal: null, unexpected: 0 });
});

test.each([0, 5])('process.exit(%i) in the worker', async (code) => {
  const app = await start({ count: 2 });
  const [victim] = await app.workers();
  await app.control(victim, 'exit', { code });
  await expect(ending(app, victim)).resolves.toEqual({ reason: 'exit', code, signal: null, unexpected: 1 });
});

test('SIGTERM by hand: the request under way is answered, the slot is filled meanwhile', async () => {
  const app = await start({ count: 1 });
  const [victim] = await app.workers();
  const slow = request(await app.port(), '/slow?ms=2000');
  await app.report('slow');
  process.kill(victim.pid, 'SIGTERM');
  const successor = await replaced(app, victim);
  await expect(slow).resolves.toMatchObject({ status: 200, body: { pid: victim.pid } });
  await expect(ending(app, victim)).resolves.toEqual({ reason: 'SIGTERM', code: 0, signal: null, unexpected: 0 });
  expect(orderOf(app, 'fork', successor)).toBeLessThan(orderOf(app, 'exit', victim));
});

test.each(['SIGKILL', 'SIGSEGV'])('%s by hand', async (signal) => {
  const app = await start({ count: 2 }, { cwd: folder() });
  const [victim] = await app.workers();
  process.kill(victim.pid, signal);
  await expect(ending(app, victim)).resolves.toEqual({ reason: signal, code: null, signal, unexpected: 1 });
});

test('process.abort()', async () => {
  const app = await start({ count: 2 }, { cwd: folder() });
  const [victim] = await app.workers();
  await app.control(victim, 'abort');
  await expect(ending(app, victim)).resolves.toEqual({
    reason: 'SIGABRT',
    code: null,
    signal: 'SIGABRT',
    unexpected: 1,
  });
});

test('out of memory: Node aborts and says so', async () => {
  const app = await start({ count: 2, execArgv: ['--max-old-space-size=40'] }, { cwd: folder() });
  const [victim] = await app.workers();
  await app.control(victim, 'exhaustMemory');
  await expect(ending(app, victim)).resolves.toEqual({
    reason: 'SIGABRT',
    code: null,
    signal: 'SIGABRT',
    unexpected: 1,
  });
  await app.wrote('heap out of memory');
});
