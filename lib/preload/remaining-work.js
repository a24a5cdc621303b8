'use strict';

// Whether a process that serves nobody any more has work left. One that has not ends by itself: Node's event loop is empty. But
// intervals and connection pools never end; beside them only their quiet tells that nothing is under way.

const { clearInterval, clearTimeout, now, setInterval, setTimeout } = require('../real-timers');
const { isOpen } = require('./channel');
// Of Node's own object, which fake timers leave as it is.
const { eventLoopUtilization } = require('perf_hooks').performance;

/** The process is quiet if its event loop was busy for no more than this share of the time. */
const QUIET = 0.05;
/** A worker thread computes if the process took more of a CPU than this; on a busy machine, if it took more than this and was made to
 *  stop for others. */
const COMPUTES = 0.5;
const COMPUTES_AMONG_OTHERS = 0.1;
const SAMPLES = 4;
const LONGEST_SAMPLE_MS = 50;

/** Kinds of resources that may be there for ever. Others are work: a file that is read, a name that is looked up, a connection that is
 *  being made, something to be written, a child process (process.getActiveResourcesInfo). */
const LASTING = new Set([
  'Timeout',
  'Immediate',
  'TCPSocketWrap',
  'TCPServerWrap',
  'TLSWrap',
  'PipeWrap',
  'PipeServerWrap',
  'TTYWrap',
  'UDPWrap',
  'UDPWRAP',
  'MessagePort',
  'Worker',
  'SignalWrap',
  'FSEvent',
  'FSEventWrap',
  'StatWatcher',
  'JSStreamSocket',
]);

function activeHandles() {
  return process._getActiveHandles?.() ?? [];
}

/** What may keep the event loop alive beside timers. A pipe or a terminal that is only written to counts for Node, too: stdout, stderr
 *  (`_isStdio`: lib/internal/bootstrap/switches/is_main_thread.js). */
function countOthers() {
  const outputs = activeHandles().filter((handle) => handle._isStdio);
  return process.getActiveResourcesInfo().filter((kind) => kind !== 'Timeout').length - outputs.length;
}

/** Requests of this process's own to others (http.Agent; `_httpMessage` in lib/_http_client.js). */
function awaitsAnswers() {
  return activeHandles().some((handle) => !handle.server && (handle._httpMessage || isOfFetch(handle)));
}

/** A connection of undici's, which are active only while a request is under way (`kNoRef` in its lib/dispatcher/client-h1.js). One that was
 *  upgraded (WebSocket) is that no more. */
function isOfFetch(handle) {
  const symbols = Object.getOwnPropertySymbols(handle);
  const has = (name) => symbols.some((symbol) => symbol.description === name && handle[symbol] !== null);
  return has('no ref') && has('parser');
}

function isWorking() {
  return process.getActiveResourcesInfo().some((kind) => !LASTING.has(kind)) || awaitsAnswers();
}

/** Every object of this prototype that is in the heap. Only the inspector can tell, and Node may be built without it. */
function instancesOf(prototype, pick) {
  let picked = [];
  try {
    const session = new (require('inspector').Session)();
    session.connect();
    const key = Symbol.for('yunfly.cluster.prototype');
    globalThis[key] = prototype;
    session.post(
      'Runtime.evaluate',
      { expression: `globalThis[Symbol.for('${key.description}')]` },
      (_, { result }) => {
        session.post('Runtime.queryObjects', { prototypeObjectId: result.objectId }, (__, { objects }) => {
          const how = { objectId: objects.objectId, functionDeclaration: String(pick), returnByValue: true };
          session.post('Runtime.callFunctionOn', how, (___, answer) => {
            picked = answer.result.value;
          });
        });
      },
    );
    delete globalThis[key];
    session.disconnect();
  } catch {
    return undefined;
  }
  return picked;
}

/** Nothing but timers is left, and each of them will have run by then: none is an interval, or one of hours. */
function onlyTimersThatEnd(deadline) {
  if (countOthers() > 0) return false;
  const timer = setTimeout(() => {});
  clearTimeout(timer);
  // `_idleStart` is in the event loop's own time, which nobody else tells (lib/internal/timers.js).
  const last = timer._idleStart + deadline - now();
  const ends = instancesOf(Object.getPrototypeOf(timer), function () {
    const left = this.filter((one) => !one._destroyed && one.hasRef?.());
    return left.map((one) => (one._repeat === null ? one._idleStart + one._idleTimeout : null));
  });
  // Without any it is something that isn't listed at all, such as a worker thread.
  return ends?.length > 0 && ends.every((end) => end !== null && end <= last);
}

/** Whether this process was quiet since it was asked last. What worker threads do is not the event loop's. */
class Usage {
  #loop = eventLoopUtilization();
  #used = process.resourceUsage();
  #time = now();

  wasQuiet() {
    const loop = eventLoopUtilization();
    const time = now();
    const used = process.resourceUsage();
    const since = (name) => used[name] - this.#used[name];
    const { utilization } = eventLoopUtilization(loop, this.#loop);
    const computed = (since('userCPUTime') + since('systemCPUTime')) / 1000 / (time - this.#time);
    const most = since('involuntaryContextSwitches') > 0 ? COMPUTES_AMONG_OTHERS : COMPUTES;
    [this.#loop, this.#used, this.#time] = [loop, used, time];
    return utilization <= QUIET && computed <= most;
  }
}

/** Calls `then` once the process has been quiet for `grace` ms. Timers that will have run by `deadline()` are waited for. Gives a
 *  function that ends that. */
function onQuiet(grace, deadline, then) {
  const usage = new Usage();
  const interval = Math.min(grace / SAMPLES, LONGEST_SAMPLE_MS);
  let quiet = 0;
  let last = now();
  const timer = setInterval(() => {
    // After a standstill this may run before what was due meanwhile: little of that time counts.
    const step = Math.min(now() - last, 2 * interval);
    quiet = usage.wasQuiet() && !isWorking() ? quiet + step : 0;
    last = now();
    if (quiet < grace) return;
    quiet = 0;
    if (onlyTimersThatEnd(deadline())) return;
    clearInterval(timer);
    then();
  }, interval).unref();
  return () => clearInterval(timer);
}

/** Calls `then` when the event loop is empty, in place of the first 'beforeExit': the app's own listeners see the one after which
 *  nothing comes any more. Without a channel nothing comes anyway. Node looks up process.emit each time (EmitProcessBeforeExit). */
function onEmpty(then) {
  const { emit } = process;
  let waits = true;
  process.emit = function (name, ...args) {
    if (name !== 'beforeExit' || !waits || !isOpen()) return Reflect.apply(emit, this, [name, ...args]);
    waits = false;
    then();
    return true;
  };
}

module.exports = { onQuiet, onEmpty };
