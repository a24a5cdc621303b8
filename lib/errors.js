'use strict';

/** What this package throws. `code` is stable, the message is not. */
class ClusterError extends Error {
  constructor(code, message, options) {
    super(message, options);
    this.code = code;
  }
}
Object.defineProperty(ClusterError.prototype, 'name', { value: 'ClusterError', configurable: true, writable: true });

/** Anything can be thrown; this is what of it can be sent. */
function describeError(thrown) {
  if (thrown === null || typeof thrown !== 'object' || typeof thrown.message !== 'string') {
    const message = require('util').inspect(thrown);
    return { name: 'Error', message, stack: `Error: ${message}` };
  }
  const { name, message, stack, code } = thrown;
  return {
    name: typeof name === 'string' ? name : 'Error',
    message,
    stack: typeof stack === 'string' ? stack : `${name}: ${message}`,
    ...((typeof code === 'string' || typeof code === 'number') && { code }),
  };
}

/** An error of another process, from what describeError() told of it there. */
function reviveError({ name, message, stack, code }) {
  const error = new Error(message);
  Object.defineProperties(error, {
    name: { value: name, configurable: true, writable: true },
    stack: { value: stack, configurable: true, writable: true },
  });
  if (code !== undefined) error.code = code;
  return error;
}

module.exports = { ClusterError, describeError, reviveError };
