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

module.exports = { deferred, outOfPromise };
