'use strict';

// A route that throws outside of its request's promise is called again and again.

const { setTimeout: sleep } = require('node:timers/promises');
const { ask } = require('../lib/ask');

/** 2.5 a second. */
const EVERY_MS = 400;

/** Resolves after `duration` ms and when each request has ended, or waited for `patience` ms: `{ count, longest (ms), hung }`. */
async function crashes(port, duration, patience) {
  const asked = [];
  const end = performance.now() + duration;
  while (performance.now() < end) {
    asked.push(ask(port, '/crash', patience));
    await sleep(EVERY_MS);
  }
  const ended = await Promise.all(asked);
  const longest = Math.max(0, ...ended.map(({ took }) => took));
  return { count: ended.length, longest, hung: ended.filter(({ outcome }) => outcome === 'waits').length };
}

module.exports = { crashes };
