'use strict';

const { start, fixture } = require('../support/cluster');
const { hold, requests } = require('../support/client');
const { Load } = require('../support/load');
const { until } = require('../support/until');

const startHolding = (balance, config) => start({ exec: fixture('workers/hold.js'), count: 4, balance, ...config });

/** How many of the connections each of the slots 1 to 4 has. */
async function spread(held) {
  const counts = [0, 0, 0, 0];
  for (const { slot } of await Promise.all(held.map(({ taken }) => taken))) counts[slot - 1] += 1;
  return counts;
}

const mean = (counts) => counts.reduce((sum, count) => sum + count) / counts.length;
const difference = (counts) => Math.max(...counts) - Math.min(...counts);
const endAll = (held) => held.forEach(({ socket }) => socket.destroy());

/** `total` connections, `atOnce` of them waiting for their worker at any time. */
async function holdMany(port, total, atOnce) {
  const held = [];
  const lane = async () => {
    while (held.length < total) {
      const one = hold(port);
      held.push(one);
      await one.taken;
    }
  };
  await Promise.all(Array.from({ length: atOnce }, lane));
  return held;
}

/** The connections of each slot, as stats() has them. */
async function counted(app) {
  const { children } = await app.call('stats');
  return children.sort((a, b) => a.slot - b.slot).map(({ connections }) => connections);
}

const isNearMean = (counts) => Math.max(...counts) <= 1.25 * mean(counts);
const listener = async (app) => (await app.call('stats')).listeners[0];

describe.each(['auto', 'round-robin'])('long connections, balance %s', (balance) => {
  test('64 one after another: no worker has over 2 more than another', async () => {
    const app = await startHolding(balance);
    const held = await holdMany(await app.port(), 64, 1);
    expect(difference(await spread(held))).toBeLessThanOrEqual(2);
    endAll(held);
  });

  // A worker that a busy machine does not let run takes none meanwhile, and the others take more: so not each time.
  test.each([
    ['64 at once: no worker has over 4 more than another', 64, 64, (counts) => difference(counts) <= 4],
    ['1000 in quick succession: none has over a quarter more than the mean', 1000, 20, isNearMean],
  ])('%s', async (_name, total, atOnce, isEven) => {
    const app = await startHolding(balance);
    const port = await app.port();
    await until(async () => {
      const held = await holdMany(port, total, atOnce);
      const counts = await spread(held);
      expect(mean(counts)).toBe(total / 4);
      endAll(held);
      await until(async () => String(await counted(app)) === '0,0,0,0');
      return isEven(counts);
    });
  });

  test('where some were closed the next ones go; stats() tells who has how many', async () => {
    const app = await startHolding(balance);
    const port = await app.port();
    const held = await holdMany(port, 40, 1);
    const before = await spread(held);
    await until(async () => String(await counted(app)) === String(before));

    const slots = await Promise.all(held.map(({ taken }) => taken));
    const ofFirst = held.filter((_, i) => slots[i].slot === 1);
    endAll(ofFirst);
    await until(async () => (await counted(app))[0] === 0);
    const next = await holdMany(port, ofFirst.length, 1);
    expect((await spread(next))[0]).toBeGreaterThanOrEqual(ofFirst.length - 2);
    endAll(held);
    endAll(next);
    await until(async () => String(await counted(app)) === '0,0,0,0');
    const { counts, waiting, queued } = await listener(app);
    expect([counts.accepted, counts.handedOver, counts.handedAgain]).toEqual([
      held.length + next.length,
      held.length + next.length,
      0,
    ]);
    expect([waiting, queued]).toEqual([0, globalThis.PORTABLE && queued === null ? null : 0]);
  });
});

/** The pids that took the connections from number `first` on, of `total`. */
async function takers(app, first, total) {
  await until(() => app.reports('connection').length >= total);
  return new Set(
    app
      .reports('connection')
      .slice(first)
      .map(({ pid }) => pid),
  );
}

const pids = async (app) => new Set((await app.workers()).map(({ pid }) => pid));

test('auto, a flood of short connections: the workers accept by themselves while it lasts, then the master again', async () => {
  const app = await start({ count: 4, balance: 'auto' });
  const load = new Load(await app.port(), { atOnce: 32, pause: 0 });
  if (globalThis.PORTABLE) await load.answered(2000);
  else await until(async () => (await listener(app)).acceptor === 'workers');
  const before = app.reports('connection').length;
  const during = await listener(app);
  await load.answered(1000);
  const results = await load.stop();

  expect(results.filter(({ status }) => status !== 200)).toEqual([]);
  expect(await takers(app, before, results.length)).toEqual(await pids(app));
  await until(async () => (await listener(app)).acceptor === 'master');
  const after = (await listener(app)).counts;
  if (globalThis.PORTABLE) {
    // One socket only, the master's: it accepted all.
    expect(after).toEqual({
      accepted: results.length,
      handedOver: results.length,
      handedAgain: 0,
      refused: 0,
      switches: 0,
    });
  } else {
    expect(after.switches).toBeGreaterThanOrEqual(during.counts.switches + 1);
    expect(results.length - after.accepted).toBeGreaterThan(0);
  }
});

test('round-robin: the master accepts, however many there are, and each worker gets its share', async () => {
  const app = await start({ count: 4, balance: 'round-robin' });
  await requests(await app.port(), 800, 32);
  const { acceptor, counts } = await listener(app);
  expect([acceptor, counts.accepted, counts.handedOver, counts.switches]).toEqual(['master', 800, 800, 0]);
  expect(await takers(app, 0, 800)).toEqual(await pids(app));
});

test('shared: every worker accepts by itself, and stats() tells who has how many', async () => {
  const app = await startHolding('shared');
  const port = await app.port();
  const held = [];
  // The system wakes whom it likes: on a busy machine one of them may come late.
  await until(async () => {
    held.push(...(await holdMany(port, 50, 20)));
    return Math.min(...(await spread(held))) > 0;
  });
  const counts = await spread(held);
  await until(async () => String(await counted(app)) === String(counts));
  const { listeners } = await app.call('stats');
  expect(listeners.filter(({ acceptor }) => acceptor === 'master')).toEqual([]);
  endAll(held);
});
