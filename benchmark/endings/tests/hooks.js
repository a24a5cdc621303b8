'use strict';

// A worker without a handler: which of Node's own events at the end does it see?

const { withPeer } = require('../peers');
const { endsOf } = require('../words');

const WORKERS = 2;
const PATIENCE_MS = 30_000;

function found({ notes, subject }, { pids }) {
  const number = (name) =>
    new Set(notes.filter(({ pid, what }) => what === name && pids.includes(pid)).map(({ pid }) => pid)).size;
  return {
    workers: pids.length,
    beforeExit: number('beforeExit'),
    exit: number('exit'),
    ends: endsOf(pids, subject.ends),
  };
}

const run = (peer) =>
  withPeer(peer, { workers: WORKERS }, async (running) => {
    const reload = peer.reloads && found(running, await running.reload(PATIENCE_MS));
    return { reload, stop: found(running, await running.stop(PATIENCE_MS)) };
  });

const cell = ({ workers, beforeExit, exit, ends }) => `${beforeExit} and ${exit} of ${workers} (${ends})`;

module.exports = {
  name: 'hooks',
  run,
  rows: ['reload', 'stop'].map((when) => ({
    what: `${when}: without a handler, \`beforeExit\` and \`exit\` seen (how the workers ended)`,
    show: (values) => values[when] && cell(values[when]),
  })),
};
