'use strict';

// The load of the throughput tests: as many processes as CPUs, so that one is never the limit.

const { fork } = require('node:child_process');
const { once } = require('node:events');
const os = require('node:os');
const path = require('node:path');
const { setTimeout: sleep } = require('node:timers/promises');
const { sum } = require('../../lib/statistics');

const CONNECTIONS = 32;
const WARM_UP_MS = 500;

/** Runs `kind` ('short', 'keepalive') for `duration` ms; `measure()` is called at its begin and its end.
 *  Resolves with `{ requests, failed, latencies (µs), cpu (µs), begin, end }`, the last two from `measure`. */
async function generate(kind, port, duration, measure) {
  const count = os.availableParallelism();
  const args = [String(port), String(Math.ceil(CONNECTIONS / count)), kind];
  const script = path.join(__dirname, 'closed-loop.js');
  const processes = Array.from({ length: count }, () => fork(script, args, { execArgv: [] }));
  try {
    await sleep(WARM_UP_MS);
    const results = processes.map(result);
    const begin = measure();
    for (const each of processes) each.send('begin');
    await sleep(duration);
    const end = measure();
    for (const each of processes) each.send('end');
    const parts = await Promise.all(results);
    const total = (name) => sum(parts.map((part) => part[name]));
    const latencies = parts.flatMap((part) => part.latencies);
    return { requests: total('requests'), failed: total('failed'), latencies, cpu: total('cpu'), begin, end };
  } finally {
    for (const each of processes) each.kill('SIGKILL');
  }
}

async function result(process) {
  const ended = once(process, 'exit').then(() => {
    throw new Error('a load generator ended before it told its result');
  });
  // Its end after the result is no error.
  ended.catch(() => {});
  const [message] = await Promise.race([once(process, 'message'), ended]);
  return message;
}

module.exports = { generate };
