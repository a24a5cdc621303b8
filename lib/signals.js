'use strict';

// The app's signals and its exit, for all clusters of the process together.

const SIGNALS = ['SIGTERM', 'SIGINT', 'SIGQUIT', 'SIGHUP'];

/** What takes part, each with `signal(name)` and `close()`. */
const clusters = new Set();
let exitAsked = false;

function onSignal(name) {
  for (const cluster of clusters) cluster.signal(name);
}

function join(cluster) {
  if (clusters.size === 0) for (const name of SIGNALS) process.on(name, onSignal);
  clusters.add(cluster);
}

/** A cluster has ended. `exit`: the process is to end too, with process.exitCode; the other clusters end first. */
function leave(cluster, exit) {
  clusters.delete(cluster);
  exitAsked ||= exit;
  if (clusters.size > 0) {
    if (exitAsked) for (const other of clusters) other.close();
    return;
  }
  for (const name of SIGNALS) process.removeListener(name, onSignal);
  // After the listeners of 'close'.
  if (exitAsked) setImmediate(() => process.exit());
}

module.exports = { join, leave };
