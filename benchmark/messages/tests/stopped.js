'use strict';

// The alone broadcasts 1 GB while one of four workers is stopped; compared with a cluster of the other three alone.

const { setTimeout: sleep } = require('node:timers/promises');
const { MemoryWatch, stop } = require('../proc');
const { arrived, lastOf, reset } = require('../settle');

const SIZE = 64 * 1024;
const TOTAL = Math.ceil(1e9 / SIZE);
const RECEIVERS = 3;
const WARM_UP = 100;
const AFTERWARDS_MS = 5000;

const target = { to: 'worker', type: 'all' };

async function warmUp({ alone, workers }) {
  await alone.call('flood', { size: SIZE, target, total: WARM_UP });
  await arrived(workers, WARM_UP * workers.length);
  await reset(workers);
}

/** Broadcasts: `{ flood, total, last, share }` of what `receivers` got. `flood` is still under way if the alone was held up. */
async function broadcast(alone, receivers) {
  const flood = alone.call('flood', { size: SIZE, target, total: TOTAL });
  const wanted = TOTAL * receivers.length;
  const { found, total } = await arrived(receivers, wanted);
  return { flood, total, last: lastOf(found), share: total / wanted };
}

const rateOf = ({ total, last }, from) => total / RECEIVERS / ((last - from) / 1000);

async function undisturbed(start) {
  const session = await start(RECEIVERS);
  try {
    await warmUp(session);
    const result = await broadcast(session.alone, session.workers);
    return rateOf(result, (await result.flood).from);
  } finally {
    await session.end();
  }
}

async function run(session, { start }) {
  const threeRate = await undisturbed(start);
  const { app, alone, workers } = session;
  await warmUp(session);
  const watch = new MemoryWatch(app.pid);
  try {
    const stopped = workers[RECEIVERS];
    stop(stopped.pid);
    const result = await broadcast(alone, workers.slice(0, RECEIVERS));
    process.kill(stopped.pid, 'SIGCONT');
    const { sent, from } = await result.flood;
    // Held up, they got what there was room for: that is no rate.
    const stoppedRate = result.share === 1 ? rateOf(result, from) : null;
    const speed = stoppedRate && stoppedRate / threeRate;
    // Nobody can tell how much it will still get: until no more comes.
    const { total } = await arrived([stopped], sent);
    await sleep(AFTERWARDS_MS);
    const reasons = await app.call('undeliverable');
    const reported = Object.values(reasons).reduce((all, count) => all + count, 0);
    const missed = sent - total;
    const { share } = result;
    return { threeRate, stoppedRate, speed, share, missed, reported, unreported: missed - reported, ...watch.result() };
  } finally {
    watch.stop();
  }
}

module.exports = [
  {
    name: 'stopped',
    title: 'The alone broadcasts 1 GB in messages of 64 KiB, one of four workers is stopped (SIGSTOP)',
    workers: RECEIVERS + 1,
    masterOnly: true,
    columns: ['threeRate', 'stoppedRate', 'speed', 'share', 'missed', 'reported', 'peak', 'growth', 'left'],
    run,
  },
];
