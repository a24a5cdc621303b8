'use strict';

// Tells the master that this process's event loop turns (`hangTimeout`). The master judges from outside: a loop that
// stands still cannot say so itself.

const { setInterval } = require('../real-timers');
const { report } = require('./channel');

const BEATS_IN_TIMEOUT = 4;
const LONGEST_INTERVAL_MS = 1000;

/** A debugger holds the process at its breakpoints; that is no hang. Without an inspector (a build option of Node) there
 *  is no debugger. */
function debuggerUrl() {
  try {
    return require('inspector').url();
  } catch {
    return undefined;
  }
}

function start(hangTimeout) {
  let written = true;
  const beat = () => {
    // The master does not read while it slows this process down: its beats must not pile up behind the messages.
    if (!written) return;
    written = false;
    report('beat', { debugged: debuggerUrl() !== undefined }, () => {
      written = true;
    });
  };
  setInterval(beat, Math.min(hangTimeout / BEATS_IN_TIMEOUT, LONGEST_INTERVAL_MS)).unref();
  beat();
}

module.exports = { start };
