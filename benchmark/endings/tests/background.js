'use strict';

// Requests that are answered at once and leave 100 to 500 ms of work behind: is it finished?

const { setTimeout: sleep } = require('node:timers/promises');
const { Load } = require('../../lib/load');
const { withPeer } = require('../peers');

const WORKERS = 2;
const RELOADS = 3;
const PATIENCE_MS = 30_000;
const LOAD = { rate: 150, patience: 10_000, pathOf: (id) => `/job?id=${id}` };
const BEFORE_MS = 700;
/** The work takes 500 ms at most. */
const AFTER_MS = 1000;

/** Each one's work may be done in this process only. */
function counts(notes) {
  const number = (word) => notes.filter(({ what }) => what.startsWith(`${word} `)).length;
  return { started: number('started'), finished: number('finished') };
}

/** What was started and finished during `act`. */
async function underLoad(running, act) {
  const before = counts(running.notes);
  const load = new Load(running.port, LOAD);
  await sleep(BEFORE_MS);
  await act();
  await load.stop();
  await sleep(AFTER_MS);
  const after = counts(running.notes);
  return { started: after.started - before.started, finished: after.finished - before.finished };
}

const run = (peer) =>
  withPeer(peer, { workers: WORKERS }, async (running) => {
    const reloads = async () => {
      for (let i = 0; i < RELOADS; i += 1) await running.reload(PATIENCE_MS);
    };
    const reload = peer.reloads && (await underLoad(running, reloads));
    return { reload, stop: await underLoad(running, () => running.stop(PATIENCE_MS)) };
  });

const cell = ({ started, finished }) => `${started - finished} of ${started}`;

module.exports = {
  name: 'background',
  run,
  rows: [
    {
      what: `${RELOADS} reloads: work behind responses that was started, and not finished`,
      show: ({ reload }) => reload && cell(reload),
    },
    { what: 'stop: the same', show: ({ stop }) => cell(stop) },
  ],
};
