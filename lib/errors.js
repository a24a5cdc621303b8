'use strict';

/** What this package throws. `code` is stable, the message is not. */
class ClusterError extends Error {
  constructor(code, message, options) {
    super(message, options);
    this.code = code;
  }
}
Object.defineProperty(ClusterError.prototype, 'name', { value: 'ClusterError', configurable: true, writable: true });

/** An error of another process, from what its preload reported. */
function reviveError({ name, message, stack, code }) {
  const error = new Error(message);
  Object.defineProperties(error, {
    name: { value: name, configurable: true, writable: true },
    stack: { value: stack, configurable: true, writable: true },
  });
  if (code !== undefined) error.code = code;
  return error;
}

module.exports = { ClusterError, reviveError };
