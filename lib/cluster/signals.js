'use strict';

// The app's signals and its exit, for all clusters of the process together.

const fs = require('fs');
const timers = require('../real-timers');
const { written } = require('../output/terminal');

const SIGNALS = ['SIGTERM', 'SIGINT', 'SIGQUIT', 'SIGHUP'];

const WRITTEN_MS = 5000;

/** What takes part, each with `reload()`, `close()` and, unless signals are the app's own affair, `onSignal(name)`; with log files
 *  `reopen()`. */
const clusters = new Set();
let exitAsked = false;

/** SIGHUP says that the terminal was closed, where there is one, and to a daemon that it is to reload. Looked at
 *  beforehand: a terminal that was closed cannot be opened. */
let hasTerminal;

function controllingTerminal() {
  try {
    fs.closeSync(fs.openSync('/dev/tty', 'r'));
    return true;
  } catch {
    return false;
  }
}

function onSignal(name) {
  const reloads = name === 'SIGHUP' && !hasTerminal;
  for (const cluster of concerned()) {
    if (reloads) cluster.reload();
    else cluster.onSignal(name);
  }
}

/** Those that signals are for. */
function concerned() {
  return [...clusters].filter(({ onSignal: hears }) => hears);
}

/** The app's own listener has its own meaning of it. */
function reopenLogs() {
  if (process.listenerCount('SIGUSR2') > 1) return;
  for (const { reopen } of clusters) reopen?.();
}

function hearOfLogs() {
  process.removeListener('SIGUSR2', reopenLogs);
  if ([...clusters].some(({ reopen }) => reopen)) process.on('SIGUSR2', reopenLogs);
}

/** `calls`: what signals can ask of a cluster; `close` is for the end of another one. Gives what is to leave. */
function join({ handleSignals, mode, output }, { onSignal: hear, reopen, ...calls }) {
  // In development SIGUSR2 is nodemon's, and is to end the process.
  const hasLogs = mode === 'production' && typeof output === 'object';
  const cluster = { ...calls, ...(handleSignals && { onSignal: hear, ...(hasLogs && { reopen }) }) };
  if (cluster.onSignal && concerned().length === 0) {
    hasTerminal = controllingTerminal();
    for (const name of SIGNALS) process.on(name, onSignal);
  }
  clusters.add(cluster);
  hearOfLogs();
  return cluster;
}

/** A cluster has ended. `exit`: the process is to end too, with process.exitCode; the other clusters end first. */
function leave(cluster, exit) {
  clusters.delete(cluster);
  hearOfLogs();
  exitAsked ||= exit;
  // While others are closed because of a signal, the next one must not end the process.
  const isAwaited = exitAsked && clusters.size > 0;
  if (concerned().length === 0 && !isAwaited) for (const name of SIGNALS) process.removeListener(name, onSignal);
  if (clusters.size > 0) {
    if (exitAsked) for (const other of clusters) other.close();
    return;
  }
  // After the listeners of 'close', and not before the children's last lines are out.
  // Out of the promise: what a listener of 'exit' throws is an uncaught exception.
  if (exitAsked) timers.setImmediate(() => written(WRITTEN_MS).then(() => timers.nextTick(process.exit)));
}

module.exports = { join, leave };
