'use strict';

// The app's own handler exits at once, while requests come.

const { setTimeout: sleep } = require('node:timers/promises');
const { Load } = require('../../lib/load');
const { withPeer } = require('../peers');

const WORKERS = 2;
const PATIENCE_MS = 30_000;
const LOAD = { rate: 200, patience: 10_000 };
const BEFORE_MS = 1000;
const AFTER_MS = 500;

/** Whoever comes after the end finds a closed port, which is no fault then. */
function failed(requests, isStop) {
  const isLost = ({ outcome, error }) => outcome !== 'succeeded' && !(isStop && error === 'ECONNREFUSED');
  const begun = requests.filter(({ error }) => !(isStop && error === 'ECONNREFUSED'));
  return { failed: requests.filter(isLost).length, requests: begun.length };
}

async function underLoad({ port }, isStop, act) {
  const load = new Load(port, LOAD);
  await sleep(BEFORE_MS);
  const { isOver } = await act();
  await sleep(AFTER_MS);
  await load.stop();
  return { ...failed(load.requests, isStop), isOver };
}

const run = (peer) =>
  withPeer(peer, { workers: WORKERS, handler: 'exits' }, async (running) => {
    const reload = peer.reloads && (await underLoad(running, false, () => running.reload(PATIENCE_MS)));
    return { reload, stop: await underLoad(running, true, () => running.stop(PATIENCE_MS)) };
  });

const cell = ({ failed: number, requests, isOver }) => `${number} of ${requests}${isOver ? '' : ', not ended'}`;

module.exports = {
  name: 'exit-at-once',
  run,
  rows: ['reload', 'stop'].map((when) => ({
    what: `${when}: requests that failed, with a handler that exits at once`,
    show: (values) => values[when] && cell(values[when]),
  })),
};
