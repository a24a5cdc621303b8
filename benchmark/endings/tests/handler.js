'use strict';

// The app's own handler, which awaits 700 ms of work and exits then.

const { withPeer } = require('../peers');
const { counted, endsOf } = require('../words');

const WORKERS = 2;
const PATIENCE_MS = 30_000;

/** What those workers wrote down, once they are gone. */
function found({ notes, subject }, { pids }) {
  const of = (isIt) => notes.filter(({ pid, what }) => pids.includes(pid) && isIt(what));
  const signals = of((what) => /^SIG/.test(what)).map(({ what }) => what);
  const called = new Set(of((what) => /^SIG/.test(what)).map(({ pid }) => pid)).size;
  return {
    workers: pids.length,
    called,
    signals: counted(signals),
    finished: of((what) => what === 'flushed').length,
    ends: endsOf(pids, subject.ends),
  };
}

const run = (peer) =>
  withPeer(peer, { workers: WORKERS, handler: 'awaits' }, async (running) => {
    const reload = peer.reloads && found(running, await running.reload(PATIENCE_MS));
    return { reload, stop: found(running, await running.stop(PATIENCE_MS)) };
  });

const called = ({ workers, called: number, signals }) => `${number} of ${workers}${number > 0 ? ` (${signals})` : ''}`;
const finished = ({ workers, finished: number, ends }) => `${number} of ${workers} (${ends})`;

module.exports = {
  name: 'handler',
  run,
  rows: ['reload', 'stop'].flatMap((when) => [
    {
      what: `${when}: a handler that awaits 700 ms of work is called`,
      show: (values) => values[when] && called(values[when]),
    },
    {
      what: '… and comes to its end (how the workers ended)',
      show: (values) => values[when] && finished(values[when]),
    },
  ]),
};
