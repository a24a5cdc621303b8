'use strict';

// Uncaught exceptions: what the master is told, what is written to stderr.

const { describeError } = require('../errors');
const { report } = require('./channel');

function reportFault(thrown, phase, fatal) {
  report('error', { phase, fatal, error: describeError(thrown) });
}

/** Until the process is ready Node itself ends it, with its own code frame and exit code: this only watches. The
 *  monitor also sees what the app handles by itself (lib/internal/process/execution.js), which ends nothing. */
function onBootFault(thrown) {
  if (process.listenerCount('uncaughtException') > 0 || process.hasUncaughtExceptionCaptureCallback()) return;
  reportFault(thrown, 'boot', true);
}

function watchBoot() {
  process.on('uncaughtExceptionMonitor', onBootFault);
}

function endBoot() {
  process.removeListener('uncaughtExceptionMonitor', onBootFault);
}

/** Synchronous, and it never throws or emits: where stderr is a pipe without a reader, process.stderr would emit EPIPE,
 *  that is an uncaught exception, which would be logged again. */
function log(who, origin, thrown) {
  const kind = origin === 'unhandledRejection' ? 'unhandled rejection' : 'uncaught exception';
  const text = `${who} (pid ${process.pid}): ${kind}\n${require('util').inspect(thrown)}\n`;
  try {
    require('fs').writeSync(2, text);
  } catch {
    // No reader: the master was told.
  }
}

module.exports = { watchBoot, endBoot, reportFault, log };
