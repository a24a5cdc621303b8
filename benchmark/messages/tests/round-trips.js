'use strict';

// A worker asks the alone: with nothing else to do, and while the other worker floods the alone.

const { setTimeout: sleep } = require('node:timers/promises');
const { arrived, reset } = require('../settle');

const SIZE = 64;
const RATE = 500;
const WARM_UP_SECONDS = 0.5;
const HEAD_START_MS = 500;

async function run({ workers: [asking, flooding], alone }, { seconds }) {
  await asking.call('requests', { concurrency: 1, seconds: WARM_UP_SECONDS, size: SIZE });
  const idle = await asking.call('requests', { concurrency: 1, seconds, size: SIZE });
  await reset([alone]);
  const lasting = seconds + (2 * HEAD_START_MS) / 1000;
  const flood = flooding.call('flood', { size: SIZE, seconds: lasting, target: { to: 'alone' } });
  await sleep(HEAD_START_MS);
  const loaded = await asking.call('roundTrips', { rate: RATE, seconds, size: SIZE });
  const { sent } = await flood;
  const { total } = await arrived([alone], sent);
  return { idle50: idle.p50, idle99: idle.p99, loaded50: loaded.p50, loaded99: loaded.p99, missing: sent - total };
}

module.exports = [
  {
    name: 'round-trip',
    title: 'Worker → alone → worker, 64 B; the load: the other worker floods the alone with 64 B',
    workers: 2,
    columns: ['idle50', 'idle99', 'loaded50', 'loaded99', 'missing'],
    run,
  },
];
