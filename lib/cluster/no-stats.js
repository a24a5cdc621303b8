'use strict';

const { version } = require('../../package.json');

const byRole = () => ({ alone: 0, worker: 0 });
const noMessages = () => ({ received: 0, sent: 0, refused: 0 });

/** stats() of a cluster that does not run: of the same form as the master's (Snapshot in crates/admin/src/snapshot.rs). */
function noStats(title) {
  return {
    title,
    version,
    state: 'idle',
    ready: false,
    startedAt: 0,
    uptime: 0,
    now: Date.now(),
    workers: { listening: 0, starting: 0, draining: 0, standby: 0, waiting: 0 },
    alone: null,
    fleet: null,
    children: [],
    listeners: [],
    app: { pid: process.pid, queuedBytes: 0, usage: null },
    requests: [],
    output: { droppedLines: 0 },
    messages: { alone: noMessages(), worker: noMessages(), waiting: byRole() },
    counts: {
      forks: byRole(),
      reforks: byRole(),
      exits: { alone: {}, worker: {} },
      unexpectedExits: byRole(),
      reloads: { ok: 0, failed: 0 },
      errors: byRole(),
      undeliverable: {},
      missed: 0,
      protocolErrors: byRole(),
    },
  };
}

module.exports = { noStats };
