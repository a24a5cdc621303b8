'use strict';

// How long questions wait for their answers.

const { setTimeout: sleep } = require('node:timers/promises');
const { percentile } = require('../../lib/statistics');
const now = require('./clock');

const TICK_MS = 1;

const summary = (latencies) => ({
  count: latencies.length,
  p50: percentile(latencies, 0.5),
  p99: percentile(latencies, 0.99),
});

async function timed(ask, data) {
  const from = now();
  const answer = await ask(data);
  if (answer !== data) throw new Error(`asked with ${data}, answered with ${answer}`);
  return now() - from;
}

/** `rate` questions a second for `seconds`, whatever becomes of those before. */
async function atRate(ask, { rate, seconds, size }) {
  const data = 'x'.repeat(size);
  const total = Math.max(1, Math.round(rate * seconds));
  const begin = now();
  const latencies = [];
  while (latencies.length < total) {
    const due = Math.min(total, ((now() - begin) / 1000) * rate);
    while (latencies.length < due) latencies.push(timed(ask, data));
    await sleep(TICK_MS);
  }
  return summary(await Promise.all(latencies));
}

/** `concurrency` questions at any time for `seconds`. */
async function atOnce(ask, { concurrency, seconds, size }) {
  const data = 'x'.repeat(size);
  const from = now();
  const latencies = [];
  const one = async () => {
    while (now() < from + seconds * 1000) latencies.push(await timed(ask, data));
  };
  await Promise.all(Array.from({ length: concurrency }, one));
  return { ...summary(latencies), rate: latencies.length / ((now() - from) / 1000) };
}

module.exports = { atRate, atOnce };
