'use strict';

const { start } = require('../support/cluster');
const { connect, readAll } = require('../support/client');
const { Load } = require('../support/load');

const accepted = (app, worker) =>
  new Set(
    app
      .reports('connection')
      .filter(({ pid }) => pid === worker.pid)
      .map(({ port }) => port),
  );

/** The worker that took the victim's slot, once it listens and its report of that is read: before it all of the victim's. */
async function successor(app, victim) {
  const [worker] = await app.event('listening', ({ slot, id }) => slot === victim.slot && id !== victim.id);
  await app.report('listening', ({ pid }) => pid === worker.pid);
  return worker;
}

test('only the connections that the killed worker had accepted are lost', async () => {
  const app = await start({ count: 2 });
  const load = new Load(await app.port(), { atOnce: 20, pause: 0 });
  await load.answered(200);
  const [victim] = await app.workers();
  // A worker whose loop stands still accepts nothing more, so what it reported is all that it took.
  await app.control(victim, 'block');
  await app.report('blocking');
  await load.answered(200);
  process.kill(victim.pid, 'SIGKILL');
  await successor(app, victim);
  await load.answered(200);
  const results = await load.stop();

  const taken = accepted(app, victim);
  const lost = results.filter(({ status }) => status !== 200);
  expect(lost.filter(({ port }) => !taken.has(port))).toEqual([]);
  expect(results.length - lost.length).toBeGreaterThanOrEqual(600);
});

test('what waits in the queue of the only worker is answered by its successor', async () => {
  const app = await start({ count: 1 });
  const port = await app.port();
  const [victim] = await app.workers();
  await app.control(victim, 'block');
  await app.report('blocking');
  const waiting = await Promise.all(
    Array.from({ length: 20 }, async () => {
      const socket = await connect(port);
      socket.write('GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
      return socket;
    }),
  );
  expect(accepted(app, victim).size).toBe(0);
  process.kill(victim.pid, 'SIGKILL');
  const answers = await Promise.all(waiting.map(readAll));
  for (const answer of answers) expect(answer).toMatch(/^HTTP\/1\.1 200 /);
});

test('three kills in a row under keep-alive load: service goes on and every slot is full again', async () => {
  const app = await start({ count: 3 });
  const load = new Load(await app.port(), { atOnce: 12, keepAlive: true, pause: 0 });
  for (const victim of await app.workers()) {
    await load.answered(100);
    process.kill(victim.pid, 'SIGKILL');
    await successor(app, victim);
  }
  await load.answered(300);
  const results = await load.stop();
  // A killed worker's open connections break; nothing is refused and nothing else goes wrong.
  const broken = results.filter(({ status }) => status !== 200);
  expect(broken.filter(({ error }) => error?.code !== 'ECONNRESET')).toEqual([]);
  expect(broken.length).toBeLessThanOrEqual(3 * 12);
  expect((await app.workers()).map(({ slot }) => slot).sort()).toEqual([1, 2, 3]);
});
