'use strict';

// Uncaught exceptions: what the master is told, what is written to stderr, whose connection is closed.

const { executionAsyncResource } = require('async_hooks');
const { describeError, inspected } = require('../errors');
const { setImmediate } = require('../real-timers');
const { report } = require('./channel');

/** `fields`: what the master is to know beside the error. */
function reportFault(thrown, phase, fatal, fields = {}) {
  report('error', { phase, fatal, ...fields, error: describeError(thrown) });
}

/** The app handles its exceptions itself. */
function isHandled() {
  return process.listenerCount('uncaughtException') > 0 || process.hasUncaughtExceptionCaptureCallback();
}

/** Until the process is ready Node itself ends it, with its own code frame and exit code: this only watches. The
 *  monitor also sees what the app handles by itself (lib/internal/process/execution.js), which ends nothing. */
function onBootFault(thrown) {
  if (!isHandled()) reportFault(thrown, 'boot', true);
}

function watchBoot() {
  process.on('uncaughtExceptionMonitor', onBootFault);
}

function endBoot() {
  process.removeListener('uncaughtExceptionMonitor', onBootFault);
}

/** From now on `onFault(thrown, origin)` is called with what nobody catches, and the process goes on. It listens for no longer than
 *  it takes: an error tracker ends the process only where nobody else listens (Sentry's onUncaughtException). */
function catchFaults(onFault) {
  endBoot();
  process.on('uncaughtExceptionMonitor', () => {
    // Node emits 'uncaughtException' next. Of a listener of 'exit' it is Node's to end the process: it would go on otherwise, and no
    // process.exit() tell those listeners again.
    if (!isHandled() && !process._exiting) process.once('uncaughtException', onFault);
  });
}

/** The connection whose request threw, if it did before its listener returned: then Node calls the listener for that connection just
 *  now (HTTPServerAsyncResource, lib/_http_server.js). Costs nothing where nothing is thrown. */
function connectionAtFault() {
  const { socket } = executionAsyncResource() ?? {};
  return socket?.server ? socket : undefined;
}

function log(who, origin, thrown) {
  const kind = origin === 'unhandledRejection' ? 'unhandled rejection' : 'uncaught exception';
  logLine(`${who} (pid ${process.pid}): ${kind}\n${inspected(thrown)}`);
}

const ignore = () => {};
/** So many lines stderr has not taken yet. */
let behind = 0;

/** At once, or behind what stderr has not taken yet, where this would come into the middle of a line. It never throws or emits: where
 *  stderr is a pipe without a reader, process.stderr would emit EPIPE, that is an uncaught exception, which would be logged again. */
function logLine(text) {
  const line = Buffer.from(`${text}\n`);
  try {
    // Once the process exits nothing is written later.
    if (process._exiting) writeNow(line);
    else if (process.stderr.writableLength > 0) writeBehind(line);
    else {
      const rest = writeNow(line);
      if (rest.length > 0) writeBehind(rest);
    }
  } catch {
    // No reader: the master was told.
  }
}

/** @returns what a pipe does not take now */
function writeNow(line) {
  const fs = require('fs');
  let rest = line;
  try {
    while (rest.length > 0) rest = rest.subarray(fs.writeSync(2, rest));
  } catch (error) {
    if (error.code !== 'EAGAIN') throw error;
  }
  return rest;
}

function writeBehind(bytes) {
  const { stderr } = process;
  if (behind === 0) stderr.on('error', ignore);
  behind += 1;
  const done = () => {
    behind -= 1;
    if (behind === 0) stderr.off('error', ignore);
  };
  // The event 'error' comes after this callback.
  stderr.write(bytes, () => setImmediate(done));
}

module.exports = { watchBoot, endBoot, catchFaults, reportFault, connectionAtFault, log, logLine };
