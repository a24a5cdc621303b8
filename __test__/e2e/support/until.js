'use strict';

const { setTimeout: pause } = require('node:timers/promises');

/** Less than jest's own limit, which would not tell what was waited for. */
const PATIENCE_MS = 120_000;

/** Asks again and again until `condition()` gives something; resolves with that. */
async function until(condition) {
  const end = Date.now() + PATIENCE_MS;
  while (Date.now() < end) {
    const met = await condition();
    if (met) return met;
    await pause(20);
  }
  throw new Error(`${PATIENCE_MS} ms went by without ${condition}`);
}

module.exports = { until };
