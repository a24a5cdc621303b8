'use strict';

const timers = require('../real-timers');

/**
 * Asks again while whoever is to do the job is gone before it has answered, `retry` times, and altogether no longer than `timeout`.
 *
 * @param ask asks once, with what is left of the time
 * @param link `unreachable()`: why nobody can be asked any more
 */
async function withRetry(retry, timeout, ask, { unreachable }) {
  const until = timers.now() + timeout;
  for (let left = retry, remaining = timeout; ; left -= 1) {
    try {
      return await ask(remaining);
    } catch (error) {
      remaining = Math.ceil(until - timers.now());
      if (left === 0 || remaining <= 0 || !isGone(error) || unreachable() !== undefined) throw error;
    }
  }
}

/** The one that had it, or the host that it was on its way to, which may be on its way down; not one that it had asked itself. */
function isGone(error) {
  const { code, reason, host } = error;
  if ('remoteStack' in error) return false;
  return code === 'ERR_REQUEST_GONE' || reason === 'no-host' || (reason === 'closed' && host !== undefined);
}

module.exports = { withRetry };
