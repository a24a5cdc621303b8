'use strict';

const { test } = require('../support/at-once');
const { start, startNodeCluster, fixture } = require('../support/cluster');
const { request, requests } = require('../support/client');
const { firstOf } = require('../support/position');

/** Kills one worker; resolves with it and the one that took its slot, when that listens. */
async function replaceOne(app, signal = 'SIGKILL') {
  const [victim] = await app.workers();
  process.kill(victim.pid, signal);
  const [successor] = await app.event('fork', (worker) => worker.slot === victim.slot && worker.id !== victim.id);
  await app.event('listening', (worker) => worker.id === successor.id);
  return { victim, successor };
}

test('kill -9: the events come in order, with their arguments, and the slot is filled again', async () => {
  const app = await start({ count: 2 });
  const before = app.eventNames().length;
  const { victim, successor } = await replaceOne(app);

  await app.event('unexpectedExit');
  expect(app.events('disconnect')).toEqual([[expect.objectContaining({ id: victim.id, pid: victim.pid })]]);
  const [[exited, code, signal], ...otherExits] = app.events('exit');
  expect(otherExits).toEqual([]);
  expect([exited.id, exited.slot, code, signal]).toEqual([victim.id, victim.slot, null, 'SIGKILL']);
  expect(exited).toMatchObject({ exitedAfterDisconnect: false, connected: false, dead: true });
  expect(app.events('unexpectedExit').map(([worker, ...rest]) => [worker.id, ...rest])).toEqual([
    [victim.id, null, 'SIGKILL'],
  ]);

  const names = app
    .eventNames()
    .slice(before)
    .filter((name) => !['report', 'reply', 'output'].includes(name));
  const order = (first, second) => expect(firstOf(names, first)).toBeLessThan(firstOf(names, second));
  order('disconnect', 'exit');
  order('exit', 'unexpectedExit');
  order('fork', 'online');
  order('online', 'listening');

  expect(successor.pid).not.toBe(victim.pid);
  const workers = await app.workers();
  expect(workers.map(({ id }) => id)).toContain(successor.id);
  expect(workers.map(({ id }) => id)).not.toContain(victim.id);
  expect(workers.map(({ slot }) => slot).sort()).toEqual([1, 2]);
});

test('the successor gets the same NODE_APP_INSTANCE and port, and answers', async () => {
  const app = await start({ count: 2 });
  const port = await app.port();
  const { victim, successor } = await replaceOne(app);
  const answers = await requests(port, 100, 8);
  const slots = new Map(answers.map(({ body }) => [body.pid, body.slot]));
  expect(slots.get(successor.pid)).toBe(victim.slot);
  expect(slots.has(victim.pid)).toBe(false);
  expect(app.events('listening').map(([, address]) => address.port)).toEqual([port, port, port]);
});

test.each([0, 3])('a worker that exits with %i: its code is told', async (code) => {
  const app = await start({ count: 2 });
  const [victim] = await app.workers();
  await app.control(victim, 'exit', { code });
  const [worker, ...rest] = await app.event('unexpectedExit');
  expect([worker.id, ...rest]).toEqual([victim.id, code, null]);
  await app.event('listening', (other) => other.slot === victim.slot && other.id !== victim.id);
});

test('an uncaught exception: the error is printed, the worker ends with 1 and is replaced', async () => {
  const app = await start({ count: 2 });
  const [victim] = await app.workers();
  await app.control(victim, 'throw', { message: 'thrown on purpose' });
  const [worker, code, signal] = await app.event('exit');
  expect([worker.id, code, signal]).toEqual([victim.id, 1, null]);
  await app.wrote('Error: thrown on purpose');
  await app.event('listening', (other) => other.slot === victim.slot && other.id !== victim.id);
});

test('all workers killed at once: all are replaced', async () => {
  const app = await start({ count: 4 });
  const victims = await app.workers();
  for (const { pid } of victims) process.kill(pid, 'SIGKILL');
  for (const victim of victims) {
    await app.event('listening', (worker) => worker.slot === victim.slot && worker.id !== victim.id);
  }
  await expect(request(await app.port())).resolves.toMatchObject({ status: 200 });
  expect(app.processes()).toHaveLength(5);
});

test('worker.disconnect(): expected, not unexpectedExit; the slot is filled again', async () => {
  const app = await start({ count: 2 });
  const [victim] = await app.workers();
  await app.call('worker', victim.id, 'disconnect');
  const [worker, code, signal] = await app.event('exit');
  expect([worker.id, worker.exitedAfterDisconnect, code, signal]).toEqual([victim.id, true, 0, null]);
  await app.event('listening', (other) => other.slot === victim.slot && other.id !== victim.id);
  expect(app.events('unexpectedExit')).toEqual([]);
});

test('worker.kill(signal) sends it', async () => {
  const app = await start({ count: 2 });
  const [victim] = await app.workers();
  await app.call('worker', victim.id, 'kill', 'SIGKILL');
  const [worker, code, signal] = await app.event('exit');
  expect([worker.id, code, signal]).toEqual([victim.id, null, 'SIGKILL']);
});

test.each([{ port: 0 }, { port: 0, host: '127.0.0.1' }, { port: 0, host: '::1' }])(
  'the arguments of online, listening, disconnect and exit are those of node:cluster (%j)',
  async (options) => {
    const config = { exec: fixture('workers/listen.js'), args: [JSON.stringify(options)], count: 1, refork: false };
    const seen = [];
    for (const app of [await startNodeCluster(config), await start(config)]) {
      const [[worker]] = app.events('fork');
      process.kill(worker.pid, 'SIGKILL');
      await app.event('exit');
      const [, address] = await app.event('listening');
      seen.push({
        id: worker.id,
        online: app.events('online').map((args) => args.length),
        address: { ...address, port: typeof address.port },
        disconnect: app.events('disconnect').map((args) => args.length),
        exit: app.events('exit').map(([, ...rest]) => rest),
      });
    }
    expect(seen[1]).toEqual(seen[0]);
  },
);

test("the app's own child processes are left alone", async () => {
  const app = await start({ count: 2 });
  const codes = await app.call('runChildren', [0, 3, 0, 7]);
  expect(codes).toEqual([0, 3, 0, 7]);
  const { victim } = await replaceOne(app);
  expect(app.events('exit').map(([worker]) => worker.id)).toEqual([victim.id]);
});
