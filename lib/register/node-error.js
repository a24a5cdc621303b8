'use strict';

/** An error as Node itself throws it there: who calls Node's own `cluster` handles those. */
function nodeError(Base, code, message) {
  const error = new Base(message);
  error.code = code;
  // Node shows the code in the stack, and hides how it came there.
  Error.captureStackTrace(error, nodeError);
  error.stack = error.stack.replace(/^\w+/, (name) => `${name} [${code}]`);
  return error;
}

module.exports = { nodeError };
