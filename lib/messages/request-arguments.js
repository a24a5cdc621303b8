'use strict';

// What request() and onRequest() may be called with.

const { ClusterError } = require('../errors');

const DEFAULT_TIMEOUT_MS = 30_000;
const LONGEST_TIMER_MS = 2 ** 31 - 1;
const TARGETS = ['alone', 'worker', 'app'];

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
function checkRequest(message, options = {}) {
  if (message === null || typeof message !== 'object') {
    refuse("A request must be an object such as { to: 'alone', action: 'sum', data: [1, 2] }.");
  }
  const { to, type, worker_pid: pid, action } = message;
  if (!TARGETS.includes(to)) refuse(`A request's \`to\` must be 'alone', 'worker' or 'app', but is ${shown(to)}.`);
  checkAction(action);
  if (type !== undefined && (to !== 'worker' || !['worker', 'all'].includes(type))) {
    refuse(`A request's \`type\` must be 'worker' or 'all', with \`to: 'worker'\` only, but is ${shown(type)}.`);
  }
  if (pid !== undefined && (to !== 'worker' || type === 'all' || !Number.isInteger(pid) || pid < 1)) {
    refuse(
      `A request's \`worker_pid\` must be a pid, with \`to: 'worker'\` and not with \`type: 'all'\`, but is ${shown(pid)}.`,
    );
  }
  return checkOptions(options);
}

function checkOptions(options) {
  if (options === null || typeof options !== 'object')
    refuse('The options of request() must be an object such as { timeout: 5000 }.');
  const { timeout = DEFAULT_TIMEOUT_MS, signal } = options;
  if (timeout !== Infinity && !(Number.isInteger(timeout) && timeout >= 1 && timeout <= LONGEST_TIMER_MS)) {
    const allowed = `an integer from 1 to ${LONGEST_TIMER_MS} (milliseconds) or Infinity`;
    refuse(`The \`timeout\` of request() must be ${allowed}, but is ${shown(timeout)}.`);
  }
  // As Node does (validateAbortSignal): one of another realm is one, too.
  if (signal !== undefined && !(signal !== null && typeof signal === 'object' && 'aborted' in signal)) {
    refuse(`The \`signal\` of request() must be an AbortSignal, but is ${shown(signal)}.`);
  }
  return { timeout, signal };
}

module.exports = { TARGETS, checkAction, checkRequest };
