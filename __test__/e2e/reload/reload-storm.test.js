'use strict';

const { setTimeout: pause } = require('node:timers/promises');
const { start, fixture } = require('../support/cluster');
const { request } = require('../support/client');
const { randomNumbers } = require('../support/random-numbers');
const { until } = require('../support/until');

const ROUNDS = 60;

/** How many workers there are of each slot, standbys under `undefined`. */
function perSlot(workers) {
  const counts = {};
  for (const { slot } of workers) counts[slot] = (counts[slot] ?? 0) + 1;
  return counts;
}

test.each([
  [1, 0],
  [2, 1],
])(
  'seed %i, standby %i: reloads, scale and SIGKILL at random end in exactly what was asked for',
  async (seed, standby) => {
    const random = randomNumbers(seed);
    const exec = fixture('workers/generation.js');
    const app = await start({ exec, count: 3, standby, minUptime: 100, env: { GENERATION: '0' }, limit: 300 });
    const port = await app.port();
    const reloads = [];
    const scales = [];
    let count = 3;
    const steps = {
      async reload(round) {
        const generation = String(round);
        const asked = app.call('reload', { env: { GENERATION: generation }, concurrency: 1 + random(3) });
        reloads.push(asked.then(({ ok }) => ({ ok, generation })));
      },
      scale() {
        count = 1 + random(5);
        // One that is asked for meanwhile takes the place of the one before.
        scales.push(app.call('scale', count).catch(({ code }) => code));
      },
      async kill() {
        const workers = await app.workers();
        const victim = workers[random(workers.length)];
        // It may have ended meanwhile: its number is nobody's yet as long as this app lists it.
        if (victim) await app.call('killWorker', victim.id);
      },
    };
    const names = ['reload', 'scale', 'kill', 'kill'];
    for (let round = 1; round <= ROUNDS; round++) {
      await steps[names[random(names.length)]](round);
      await pause(random(200)); // the moments are what is tested
    }
    const answers = await Promise.all(scales);
    expect(new Set([...answers, null, 'ERR_SCALE_SUPERSEDED'])).toEqual(new Set([null, 'ERR_SCALE_SUPERSEDED']));
    // A new worker that was killed as the first of its version has its reload given up.
    const succeeded = (await Promise.all(reloads)).filter(({ ok }) => ok);
    expect(succeeded.length).toBeGreaterThan(0);
    const { generation } = succeeded.at(-1);

    const expected = Object.fromEntries(Array.from({ length: count }, (_, i) => [i + 1, 1]));
    if (standby > 0) expected.undefined = standby;
    const isSettled = ({ slot, state }) => state === (slot ? 'listening' : 'standby');
    const workers = await until(async () => {
      const now = await app.workers();
      return now.length === count + standby && now.every(isSettled) && now;
    });
    expect(perSlot(workers)).toEqual(expected);
    for (const { pid } of workers) {
      expect(await app.report('booted', (booted) => booted.pid === pid)).toMatchObject({ generation });
    }
    await expect(request(port)).resolves.toMatchObject({ status: 200 });
    // No process beside these: the app, its workers and the guard.
    const children = app.processes().filter(({ pid, command }) => pid !== app.pid && command.includes('worker'));
    expect(children.map(({ pid }) => pid).sort()).toEqual(workers.map(({ pid }) => pid).sort());
    expect(app.events('exception')).toEqual([]);
  },
  120_000,
);
