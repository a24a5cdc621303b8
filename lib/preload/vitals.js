'use strict';

// Tells the master each second how this process is doing, while somebody looks (crates/core/src/lifecycle/vitals.rs). Loaded when it is
// asked for the first time: nothing of it is paid before.

const { monitorEventLoopDelay, performance } = require('node:perf_hooks');
const { getHeapStatistics } = require('node:v8');
const { clearInterval, now, setInterval } = require('../real-timers');
const { report } = require('./channel');

const EACH_MS = 1000;
/** The loop is woken so often to see how late it is: 50 times a second. */
const RESOLUTION_MS = 20;

let timer;
let until;
let written = true;
let histogram;
let before;

/** The histogram has the time between two of its timers. Node measures it only since the first (lib/internal/histogram.js). */
function late(nanoseconds) {
  const ms = nanoseconds / 1e6 - RESOLUTION_MS;
  return ms > 0 ? Math.round(ms * 1000) / 1000 : 0;
}

function tell() {
  if (now() >= until) {
    stop();
    return;
  }
  // The master does not read while it slows this process down.
  if (!written) return;
  written = false;
  const { idle, active } = performance.eventLoopUtilization();
  const busy = active - before.active;
  const utilization = busy / (busy + idle - before.idle) || 0;
  before = { idle, active };
  const { used_heap_size: heapUsed, total_heap_size: heapTotal, external_memory: external } = getHeapStatistics();
  const { count } = histogram;
  const max = count ? late(histogram.max) : 0;
  // Of fewer than a hundred values the 99th percentile is the largest. To find one takes a microsecond.
  const delay = { p50: count ? late(histogram.percentile(50)) : 0, p99: max, max };
  histogram.reset();
  report('vitals', { utilization, delay, heapUsed, heapTotal, external }, () => {
    written = true;
  });
}

function stop() {
  clearInterval(timer);
  timer = undefined;
  histogram.disable();
}

/** For so many ms from now on. */
function start({ lasts }) {
  until = now() + lasts;
  if (timer) return;
  histogram ??= monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  histogram.reset();
  histogram.enable();
  before = performance.eventLoopUtilization();
  timer = setInterval(tell, EACH_MS).unref();
}

module.exports = { start };
