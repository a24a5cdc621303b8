'use strict';

const { test } = require('../support/at-once');
const { start, fixture } = require('../support/cluster');
const { Load } = require('../support/load');

const alone = fixture('alone/reporting.js');

/** Sends numbered messages to the alone, one after another, until `stop()`, which resolves with how many there were. */
class Stream {
  #stopping = false;
  #done;
  sent = 0;

  constructor(send) {
    this.#done = this.#run(send);
  }

  async #run(send) {
    while (!this.#stopping) {
      await send(this.sent);
      this.sent += 1;
    }
  }

  async stop() {
    this.#stopping = true;
    await this.#done;
    return this.sent;
  }
}

const received = (app, from) =>
  app
    .reports('aloneMessage')
    .filter(({ message }) => message.from === from)
    .map(({ pid, message }) => ({ pid, n: message.n }));

const arrived = (app, from, n) => app.report('aloneMessage', ({ message }) => message.from === from && message.n === n);

/** The numbers from `first` to `last`, both included. */
const range = (first, last) => Array.from({ length: last - first + 1 }, (_, index) => first + index);

test('killed while messages keep coming: they arrive in order, none twice, and none that came after its end is lost', async () => {
  const app = await start({ alone, count: 2 });
  const [worker] = await app.workers();
  const { pid: first } = await app.call('alone');
  const load = new Load(await app.port(), { atOnce: 4 });
  const message = (from, n) => ({ to: 'alone', action: 'numbered', from, n });
  const streams = {
    app: new Stream((n) => app.call('sendmessage', message('app', n))),
    worker: new Stream((n) => app.control(worker, 'send', { message: message('worker', n) })),
  };
  await arrived(app, 'app', 50);
  await arrived(app, 'worker', 50);

  process.kill(first, 'SIGKILL');
  await app.event('aloneExit');
  // The next one of each is sent after the alone's end.
  const safe = { app: streams.app.sent + 1, worker: streams.worker.sent + 1 };
  await app.event('aloneReady', ({ pid }) => pid !== first);
  await load.answered(50);
  await arrived(app, 'app', safe.app + 50);
  await arrived(app, 'worker', safe.worker + 50);
  const sent = { app: await streams.app.stop(), worker: await streams.worker.stop() };
  const { pid: second } = await app.call('alone');

  for (const from of ['app', 'worker']) {
    await arrived(app, from, sent[from] - 1);
    const all = received(app, from);
    expect(new Set(all.map(({ pid }) => pid))).toEqual(new Set([first, second]));
    const before = all.filter(({ pid }) => pid === first).map(({ n }) => n);
    const after = all.filter(({ pid }) => pid === second).map(({ n }) => n);
    expect(before).toEqual(range(0, before.at(-1)));
    expect(after).toEqual(range(after[0], sent[from] - 1));
    expect(after[0]).toBeGreaterThan(before.at(-1));
    expect(after[0]).toBeLessThanOrEqual(safe[from]);
  }
  expect(app.events('undeliverable')).toEqual([]);
  expect(app.events('exit')).toEqual([]);
  const results = await load.stop();
  expect(results.filter(({ status }) => status !== 200)).toEqual([]);
});

test('killed again and again it comes back, without a limit; the workers serve on', async () => {
  const app = await start({ alone, count: 1, limit: 0.5 });
  const load = new Load(await app.port(), { atOnce: 2 });
  let { pid } = await app.call('alone');
  for (let round = 1; round <= 4; round++) {
    const killed = pid;
    process.kill(killed, 'SIGKILL');
    await app.event('aloneExit', (each) => each.pid === killed);
    await app.call('sendmessage', { to: 'alone', action: 'round', round }); // nobody is there yet
    await app.event('aloneReady', () => app.events('aloneReady').length > round);
    ({ pid } = await app.call('alone'));
    const { pid: receiver } = await app.report('aloneMessage', ({ message }) => message.round === round);
    expect(receiver).toBe(pid);
  }
  expect(app.events('aloneExit').map(([, ...rest]) => rest)).toEqual(Array(4).fill([null, 'SIGKILL']));
  expect(app.events('reachReforkLimit')).toEqual([]);
  expect(app.events('exit')).toEqual([]);
  expect((await load.stop()).filter(({ status }) => status !== 200)).toEqual([]);
});
