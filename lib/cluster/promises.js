'use strict';

const timers = require('../real-timers');

function deferred() {
  const result = {};
  result.promise = new Promise((resolve, reject) => Object.assign(result, { resolve, reject }));
  return result;
}

/** What the app's code throws in a promise's callback is an uncaught exception, as in any other. */
function outOfPromise(call) {
  try {
    call();
  } catch (error) {
    timers.nextTick(() => {
      throw error;
    });
  }
}

/** `await using`: as its close(). */
function closeAtDispose(Closable) {
  // Node 18 has the symbol from 18.18 on.
  if (!Symbol.asyncDispose) return;
  Object.defineProperty(Closable.prototype, Symbol.asyncDispose, {
    value() {
      return this.close();
    },
    configurable: true,
    writable: true,
  });
}

module.exports = { closeAtDispose, deferred, outOfPromise };
