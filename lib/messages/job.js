'use strict';

const timers = require('../real-timers');

/**
 * Asks again while whoever does the job ends before it has answered, `retry` times, and altogether no longer than `timeout`.
 *
 * @param ask asks once, with what is left of the time
 * @param link `unreachable()`: why nobody can be asked any more
 */
async function withRetry(retry, { timeout, signal }, ask, { unreachable }) {
  const until = timers.now() + timeout;
  for (let left = retry; ; left -= 1) {
    try {
      return await ask({
        timeout: timeout === Infinity ? timeout : Math.max(1, Math.ceil(until - timers.now())),
        signal,
      });
    } catch (error) {
      if (left === 0 || !hasEnded(error) || unreachable() !== undefined) throw error;
    }
  }
}

/** The one that did it has; not one that it had asked itself. */
function hasEnded(error) {
  return error.code === 'ERR_REQUEST_GONE' && !('remoteStack' in error);
}

module.exports = { withRetry };
