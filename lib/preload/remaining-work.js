'use strict';

// Whether a process that serves nobody any more has work left. One that has not ends by itself: Node's event loop is empty. But
// intervals and connection pools never end; beside them only their quiet tells that nothing is under way.

// Of Node's own object, which fake timers leave as it is.
const { eventLoopUtilization } = require('perf_hooks').performance;

/** The event loop is quiet if it was busy for no more than this share of the time. */
const QUIET = 0.05;
const SAMPLES = 4;
const LONGEST_SAMPLE_MS = 50;

/** Kinds of resources that may be there for ever. Others are work: a file that is read, a name that is looked up, a connection that is
 *  being made, something to be written, a child process (process.getActiveResourcesInfo). */
const LASTING = new Set([
  'Timeout', 'Immediate', 'TCPSocketWrap', 'TCPServerWrap', 'TLSWrap', 'PipeWrap', 'PipeServerWrap', 'TTYWrap', 'UDPWrap', 'UDPWRAP',
  'MessagePort', 'Worker', 'SignalWrap', 'FSEvent', 'FSEventWrap', 'StatWatcher', 'JSStreamSocket',
]);

const { clearInterval, clearTimeout, now, setInterval, setTimeout } = require('../real-timers');
function handles() {
  return process._getActiveHandles?.() ?? [];
}

/** Requests of this process's own to others (http.Agent; `_httpMessage` in lib/_http_client.js). */
function awaitsAnswers() {
  return handles().some((handle) => handle._httpMessage && !handle.server);
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
    session.post('Runtime.evaluate', { expression: `globalThis[Symbol.for('${key.description}')]` }, (_, { result }) => {
      session.post('Runtime.queryObjects', { prototypeObjectId: result.objectId }, (__, { objects }) => {
        const how = { objectId: objects.objectId, functionDeclaration: String(pick), returnByValue: true };
        session.post('Runtime.callFunctionOn', how, (___, answer) => {
          picked = answer.result.value;
        });
      });
    });
    delete globalThis[key];
    session.disconnect();
  } catch {
    return undefined;
  }
  return picked;
}

/** Nothing but timers is left, and none of them is an interval: they will have run. */
function onlyTimersThatEnd() {
  // A pipe or terminal at stdout or stderr counts, but keeps no process.
  const others = process.getActiveResourcesInfo().filter((kind) => kind !== 'Timeout').length;
  if (others > handles().filter((handle) => handle._isStdio).length) return false;
  const timer = setTimeout(() => {});
  clearTimeout(timer);
  const repeats = instancesOf(Object.getPrototypeOf(timer), function () {
    return this.filter((one) => !one._destroyed && one.hasRef?.()).map((one) => one._repeat !== null);
  });
  return repeats !== undefined && !repeats.includes(true);
}

/** Calls `then` once the event loop has been quiet for `grace` ms. Gives a function that ends that. */
function onQuiet(grace, then) {
  let since = now();
  let before = eventLoopUtilization();
  const sample = () => {
    const current = eventLoopUtilization();
    const { utilization } = eventLoopUtilization(current, before);
    before = current;
    if (utilization > QUIET || isWorking()) since = now();
    if (now() - since < grace) return;
    // Then it is looked at again when something has happened.
    if (onlyTimersThatEnd()) since = Infinity;
    else then();
  };
  const timer = setInterval(sample, Math.min(grace / SAMPLES, LONGEST_SAMPLE_MS)).unref();
  return () => clearInterval(timer);
}

/** Calls `then` when the event loop is empty, in place of the first 'beforeExit': the app's own listeners see the one after which
 *  nothing comes any more. Without a channel nothing comes anyway. Node looks up process.emit each time (EmitProcessBeforeExit). */
function onEmpty(then) {
  const { emit } = process;
  let waits = true;
  process.emit = function (name, ...args) {
    if (name !== 'beforeExit' || !waits || !process.connected) return Reflect.apply(emit, this, [name, ...args]);
    waits = false;
    then();
    return true;
  };
}

module.exports = { onQuiet, onEmpty };
