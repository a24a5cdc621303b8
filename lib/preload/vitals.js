'use strict';

// Tells the master each second how this process is doing, while somebody looks (crates/core/src/lifecycle/vitals.rs). Loaded when it is
// asked for the first time: nothing of it is paid before. What costs most is the write: so it goes along with what is written anyway
// (loads.js), and an idle process, which has nothing new to tell, tells it less often.

const { monitorEventLoopDelay, performance } = require('node:perf_hooks');
const { getHeapStatistics } = require('node:v8');
const { now, setTimeout } = require('../real-timers');
const { report } = require('./channel');

/** The first time: whoever looks again after a second sees it. */
const FIRST_MS = 900;
/** Another report takes it along so long after the last time. While requests come and are counted there is one every 275 ms (loads.js) ... */
const ALONG_MS = 750;
/** ... so that none is left to be sent by itself. */
const EACH_MS = 1050;
/** The same as before is told again after so long: what is 5 s old the master takes for that of a stuck process. */
const SAME_MS = 3000;
/** The loop is woken so often to see how late it is: 50 times a second. */
const RESOLUTION_MS = 20;
/** Less than this is nothing to tell. */
const QUIET_MS = 2;
const MIB = 1024 * 1024;

let timer;
let until;
let toldAt;
let told;
let written = true;
let histogram;
/** performance.eventLoopUtilization(): of the last report, and of what was taken last. */
let before;
let use;

/** The histogram has the time between two of its timers. Node measures it only since the first (lib/internal/histogram.js). */
function late(nanoseconds) {
  const ms = nanoseconds / 1e6 - RESOLUTION_MS;
  return ms > 0 ? Math.round(ms * 1000) / 1000 : 0;
}

/** Since the last report. */
function loopDelay() {
  const { count } = histogram;
  if (count === 0) return { p50: 0, p99: 0, max: 0 };
  const max = late(histogram.max);
  // Of fewer than a hundred values the 99th percentile is the largest.
  return { p50: late(histogram.percentile(50)), p99: count < 100 ? max : late(histogram.percentile(99)), max };
}

function take() {
  use = performance.eventLoopUtilization();
  const busy = use.active - before.active;
  const utilization = busy / (busy + use.idle - before.idle) || 0;
  const { used_heap_size: heapUsed, total_heap_size: heapTotal, external_memory: external } = getHeapStatistics();
  return { utilization, delay: loopDelay(), heapUsed, heapTotal, external };
}

/** So little more or less of anything is nothing new. */
function isSame(one, other) {
  return (
    Math.max(one.delay.max, other.delay.max) <= QUIET_MS &&
    Math.abs(one.utilization - other.utilization) < 0.01 &&
    Math.abs(one.heapUsed - other.heapUsed) < MIB &&
    Math.abs(one.external - other.external) < MIB
  );
}

function note(vitals) {
  told = vitals;
  toldAt = now();
  before = use;
  histogram.reset();
  return vitals;
}

/** What goes along with a report that is written now, if it is time for it. */
function due() {
  if (!timer || now() - toldAt < ALONG_MS) return undefined;
  return note(take());
}

function tell() {
  const time = now();
  if (time >= until) {
    timer = undefined;
    histogram.disable();
    return;
  }
  const left = toldAt + EACH_MS - time;
  timer = setTimeout(tell, left > 0 ? left : EACH_MS).unref();
  // The master does not read while it slows this process down.
  if (left > 0 || !written) return;
  const vitals = take();
  if (told && time - toldAt < SAME_MS && isSame(vitals, told)) return;
  written = false;
  report('vitals', note(vitals), () => {
    written = true;
  });
}

/** For so many ms from now on. */
function start({ lasts }) {
  until = now() + lasts;
  if (timer) return;
  histogram ??= monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  histogram.reset();
  histogram.enable();
  before = performance.eventLoopUtilization();
  toldAt = now() + FIRST_MS - EACH_MS;
  told = undefined;
  timer = setTimeout(tell, FIRST_MS).unref();
}

module.exports = { start, due };
