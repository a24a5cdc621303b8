'use strict';

const { getSystemErrorName } = require('util');

/** An error as Node itself throws it there: who calls Node's own `cluster` handles those. */
function nodeError(Base, code, message) {
  const error = new Base(message);
  error.code = code;
  // Node shows the code in the stack, and hides how it came there.
  Error.captureStackTrace(error, nodeError);
  error.stack = error.stack.replace(/^\w+/, (name) => `${name} [${code}]`);
  return error;
}

/** An error of the system as Node tells it, of one that the native side throws (`… (os error 24)`). */
function systemError(syscall, { message }) {
  const number = Number(/\(os error (\d+)\)$/.exec(message)?.[1]);
  if (!number) return Object.assign(new Error(`${syscall}: ${message}`), { syscall });
  const code = getSystemErrorName(-number);
  return Object.assign(new Error(`${syscall} ${code}`), { errno: -number, code, syscall });
}

module.exports = { nodeError, systemError };
