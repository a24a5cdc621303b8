'use strict';

// Crash after crash: do processes pile up, and what becomes of the other requests?

const { setTimeout: sleep } = require('node:timers/promises');
const { ask } = require('../../lib/ask');
const { Load } = require('../../lib/load');
const { Peak } = require('../../lib/peak');
const { median } = require('../../lib/statistics');
const { withPeer } = require('../peers');
const { ms, mib, seconds } = require('../words');

const WORKERS = 4;
const CRASH_EVERY_MS = 400;
const LOAD = { rate: 50, patience: 10_000 };

/** Its clients wait until the storm is over: whoever hangs up earlier lets a worker go. `asked`: the answers to come. */
async function crashes({ port, subject }, duration) {
  const asked = [];
  const from = performance.now();
  for (let left = duration; left > 0 && !subject.hasEnded; left = from + duration - performance.now()) {
    asked.push(ask(port, '/crash', left));
    await sleep(CRASH_EVERY_MS);
  }
  return { asked, took: performance.now() - from };
}

const run = (peer, { stormSeconds }) =>
  withPeer(peer, { workers: WORKERS }, async (running) => {
    const peak = new Peak(running.subject);
    const load = new Load(running.port, LOAD);
    const { asked, took } = await crashes(running, stormSeconds * 1000);
    const most = peak.end();
    await load.stop();
    const answers = await Promise.all(asked);
    const failed = load.requests.filter(({ outcome }) => outcome !== 'succeeded').length;
    const isLonger = answers.filter(({ outcome }) => outcome === 'waits').length >= answers.length / 2;
    const waits = { median: median(answers.map((answer) => answer.took)), isLonger };
    const endedAfter = running.subject.hasEnded ? took : null;
    return { ...most, crashes: asked.length, waits, requests: load.requests.length, failed, endedAfter };
  });

const processes = ({ workers, endedAfter }) =>
  `${workers}${endedAfter === null ? '' : ` (the app ended after ${seconds(endedAfter)})`}`;
const waited = ({ waits }) => `${waits.isLonger ? 'more than ' : ''}${ms(waits.median)}`;

module.exports = {
  name: 'storm',
  run,
  rows: [
    { what: `crash storm, ${WORKERS} workers: most worker processes at a time`, show: processes },
    { what: 'crash storm: most memory at a time, RSS of all processes', show: ({ memory }) => mib(memory) },
    {
      what: 'crash storm: requests to other routes that failed',
      show: ({ failed, requests }) => `${failed} of ${requests}`,
    },
    { what: 'crash storm: the clients whose requests crashed wait, median', show: waited },
  ],
};
