'use strict';

// The signals that end a process. Nothing here is a listener that the app or a library could count: signal-exit ends a process
// only where nobody else listens.

const { now } = require('../real-timers');

const SIGNALS = ['SIGTERM', 'SIGINT', 'SIGQUIT', 'SIGHUP'];
/** By default. */
const STOP_SIGNALS = ['SIGTERM', 'SIGINT'];

/** What happens then: `onDelivered(name)` before the app's own listeners are called, `onUnheard(name)` where it has none. An end that
 *  they begin takes no longer than `endTimeout` ms. `stopSignal`: the option. */
let policy;
/** When a stop signal last reached the app's own listeners. */
let delivered = -Infinity;
/** Of which this process dies now. */
let fatal;

/** Whether its listeners are the app's own way to end. */
function isStopSignal(name) {
  return STOP_SIGNALS.includes(name) || name === policy.stopSignal;
}

function onSignal(name, ...args) {
  if (process.listenerCount(name) === 0) {
    policy.onUnheard(name);
    return;
  }
  if (isStopSignal(name)) delivered = now();
  // First: a listener may end the process at once.
  policy.onDelivered(name);
  process.emit(name, ...args);
}

/** Node catches a signal from its first listener on, and binds to it what `process.emit` is at that moment
 *  (startListeningIfSignal in lib/internal/process/signal.js, 18 to 26). So that listener is added while it is ours, and then taken
 *  out where Node doesn't see it: the signal is caught still. */
function arm(name) {
  const before = process.rawListeners(name);
  // Of a module that was loaded before this one.
  for (const listener of before) process.removeListener(name, listener);
  const { emit } = process;
  process.emit = (type, ...args) =>
    type === name ? onSignal(name, ...args) : Reflect.apply(emit, process, [type, ...args]);
  process.on(name, onSignal);
  process.emit = emit;
  delete process._events[name];
  process._eventsCount -= 1;
  for (const listener of before) process.on(name, listener);
}

function start(callbacks) {
  policy = callbacks;
  SIGNALS.forEach(arm);
  // After Node's own listener, which lets go of a signal when its last listener is removed.
  process.on('removeListener', (name) => {
    if (SIGNALS.includes(name) && name !== fatal && process.listenerCount(name) === 0) arm(name);
  });
}

/** A stop signal reached the app's own listeners, and its end is under way. Where it went on they meant something else by it. */
function isDelivered() {
  return now() - delivered < policy.endTimeout;
}

/** Which signal's listeners belong to this process's end: `wish` is the option `stopSignal`. Undefined where there are none, or
 *  where they were called already. */
function ownStopSignal(wish) {
  if (wish === false || isDelivered()) return undefined;
  const candidates = wish === undefined ? STOP_SIGNALS : [wish];
  const hasListeners = (name, onlookers = 0) => process.listenerCount(name) > onlookers;
  return (
    candidates.find((name) => hasListeners(name, countOnlookers())) ?? candidates.find((name) => hasListeners(name))
  );
}

/** How many listeners each signal has of signal-exit, which libraries load (proper-lockfile): it only looks on where somebody else listens,
 *  and counts as this does (its src/index.ts, 3 and 4). */
function countOnlookers() {
  const emitters = [globalThis[Symbol.for('signal-exit emitter')], process.__signal_exit_emitter__];
  return emitters.reduce((sum, emitter) => sum + (emitter?.count ?? 0), 0);
}

/** Calls the app's listeners as for the signal. */
function deliver(name) {
  delivered = now();
  process.emit(name, name, require('os').constants.signals[name]);
}

/** Ends this process as the signal does where nobody listens. */
function dieBy(name) {
  fatal = name;
  const listener = () => {};
  process.on(name, listener);
  process.removeListener(name, listener);
  process.kill(process.pid, name);
}

module.exports = { isStopSignal, start, ownStopSignal, deliver, dieBy, isDelivered };
