'use strict';

// What a worker that was chosen at random is told arrives at the 'message' listeners of `cluster.worker`, where the document
// has it, and not at those of `process`: they may be strict about what they know.

const cluster = require('cluster');
const { nextTick } = require('../real-timers');

/** So many, the newest, wait for an app that does not listen yet. For a plain message nothing waits in a worker: Node keeps
 *  what comes before the first listener (kPendingMessages, lib/internal/child_process.js), but has one of its own there. */
const MOST_EARLY = 16;
let early = [];

function receive({ message }) {
  const { worker } = cluster;
  if (worker.listenerCount('message') > 0) {
    worker.emit('message', message);
    return;
  }
  if (early.length === 0) worker.on('newListener', deliverEarly);
  if (early.push(message) > MOST_EARLY) early.shift();
}

/** By a host of the fleet; `where`: what `randomWorker` says in the configuration. */
function chosen(fields, where) {
  const action = { from: 'app', to: 'worker', action: 'random-worker' };
  const message = { ...action, ...fields, worker_id: cluster.worker.id, worker_pid: process.pid };
  // Node hands it on to `cluster.worker`. Later: whoever asked is not answered with what a listener throws.
  if (where === 'process') nextTick(() => process.emit('message', message));
  else nextTick(receive, { message });
}

function deliverEarly(event) {
  if (event !== 'message') return;
  cluster.worker.removeListener('newListener', deliverEarly);
  const messages = early;
  early = [];
  // Once it listens, and each in a tick of its own: a listener that throws loses no other message.
  for (const message of messages) nextTick(receive, { message });
}

module.exports = { chosen, receive };
