'use strict';

// What request(), job() and onRequest() may be called with.

const { ClusterError } = require('../errors');

const DEFAULT_TIMEOUT_MS = 30_000;
const LONGEST_TIMER_MS = 2 ** 31 - 1;
const TARGETS = ['alone', 'worker', 'app'];
/** A worker of a host: what follows the last slash is its pid. */
const OF_HOST = /^.+\/[1-9]\d*$/s;

function refuse(message) {
  throw new ClusterError('ERR_REQUEST_INVALID', message);
}

function shown(value) {
  return typeof value === 'string' ? `'${value}'` : String(value);
}

function checkAction(action) {
  if (typeof action !== 'string' || action === '') {
    refuse(`A request's \`action\` must be a non-empty string, but is ${shown(action)}.`);
  }
}

/** @returns timeout and signal */
function checkRequest(message, options) {
  if (message === null || typeof message !== 'object') {
    refuse("A request must be an object such as { to: 'alone', action: 'sum', data: [1, 2] }.");
  }
  const { to, type, worker_pid: pid, scope, action } = message;
  if (!TARGETS.includes(to)) refuse(`A request's \`to\` must be 'alone', 'worker' or 'app', but is ${shown(to)}.`);
  checkAction(action);
  if (type !== undefined && (to !== 'worker' || !['worker', 'all'].includes(type))) {
    refuse(`A request's \`type\` must be 'worker' or 'all', with \`to: 'worker'\` only, but is ${shown(type)}.`);
  }
  if (scope !== undefined && (scope !== 'fleet' || to === 'app')) {
    const what = to === 'app' && scope === 'fleet' ? "but is with `to: 'app'`" : `but is ${shown(scope)}`;
    refuse(`A request's \`scope\` must be 'fleet', with \`to: 'alone'\` or \`to: 'worker'\`, ${what}.`);
  }
  if (pid !== undefined) checkPid(message);
  return checkOptions('request', options);
}

function checkPid({ to, type, worker_pid: pid, scope }) {
  const isPid = scope === 'fleet' ? typeof pid === 'string' && OF_HOST.test(pid) : Number.isInteger(pid) && pid >= 1;
  if (isPid && to === 'worker' && type !== 'all') return;
  const what = scope === 'fleet' ? "a text such as 'host/4711'" : 'a pid';
  refuse(
    `A request's \`worker_pid\` must be ${what}, with \`to: 'worker'\` and not with \`type: 'all'\`, but is ${shown(pid)}.${hintOf(pid, scope)}`,
  );
}

function hintOf(pid, scope) {
  if (typeof pid !== 'string' || scope !== undefined) return '';
  return pid.includes('/') ? " For a worker of another host, add `scope: 'fleet'`." : ' Give it as a number.';
}

/** @returns timeout, signal and retry */
function checkJob(name, options = {}) {
  if (typeof name !== 'string' || name === '') {
    refuse(`The name of a job must be a non-empty string, but is ${shown(name)}.`);
  }
  const checked = checkOptions('job', options);
  const { retry = 0 } = options;
  if (!(Number.isInteger(retry) && retry >= 0)) {
    refuse(`The \`retry\` of job() must be an integer, 0 or more, but is ${shown(retry)}.`);
  }
  return { ...checked, retry };
}

function checkOptions(what, options = {}) {
  if (options === null || typeof options !== 'object')
    refuse(`The options of ${what}() must be an object such as { timeout: 5000 }.`);
  const { timeout = DEFAULT_TIMEOUT_MS, signal } = options;
  if (timeout !== Infinity && !(Number.isInteger(timeout) && timeout >= 1 && timeout <= LONGEST_TIMER_MS)) {
    const allowed = `an integer from 1 to ${LONGEST_TIMER_MS} (milliseconds) or Infinity`;
    refuse(`The \`timeout\` of ${what}() must be ${allowed}, but is ${shown(timeout)}.`);
  }
  if (signal !== undefined && !isAbortSignal(signal)) {
    refuse(`The \`signal\` of ${what}() must be an AbortSignal, but is ${shown(signal)}.`);
  }
  return { timeout, signal };
}

/** One of another realm is one, too (validateAbortSignal in Node). An http.IncomingMessage has `aborted`, and is none. */
function isAbortSignal(signal) {
  return (
    typeof signal === 'object' && typeof signal?.aborted === 'boolean' && typeof signal.addEventListener === 'function'
  );
}

module.exports = { TARGETS, checkAction, checkJob, checkRequest };
