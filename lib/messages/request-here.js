'use strict';

// request(), job() and onRequest() of this process, whatever it is.

const { here } = require('./here');

async function request(message, options) {
  // Awaited, so that the stack of an error shows who awaits this one.
  return await here('requests').request(message, options);
}

async function job(name, data, options) {
  return await here('requests').job(name, data, options);
}

function onRequest(action, handler) {
  return here('requests').onRequest(action, handler);
}

module.exports = { request, job, onRequest };
