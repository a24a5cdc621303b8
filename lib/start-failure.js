'use strict';

const { ClusterError, reviveError } = require('./errors');

const AWAITED = {
  alone: 'its files were to be loaded and what their functions returned to resolve',
  listening: "a server was to listen; for workers without a server set `ready` to 'online' or 'message'",
  online: 'it was to run',
  message: "it was to call process.send('ready')",
};

/** Why the start failed, from the master's `startFailed`. */
function startFailure(event, settings) {
  const { error, message } = JSON.parse(event.data);
  const where = event.role === 'alone' ? 'the alone' : `the worker of slot ${event.slot}`;
  const who = event.pid === undefined ? where : `${where} (pid ${event.pid})`;
  const told = error ? `: ${error.name}: ${error.message}` : '';
  const text = `${settings.title} could not start: ${who} ${whatHappened(event, message, settings)}${told}`;
  return new ClusterError('ERR_START_FAILED', text, error && { cause: reviveError(error) });
}

function whatHappened({ role, reason, code, signal }, message, { startTimeout, ready }) {
  switch (reason) {
    case 'spawn':
      return `could not be forked: ${message}`;
    case 'timeout':
      return `was not ready within ${startTimeout} ms (startTimeout): ${AWAITED[role === 'alone' ? 'alone' : ready]}`;
    default:
      return signal ? `was ended by ${signal} before it was ready` : `exited with code ${code} before it was ready`;
  }
}

module.exports = { startFailure };
