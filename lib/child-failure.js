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
  const details = JSON.parse(event.data);
  const text = `${settings.title} could not start: ${describe(event, details, settings)}`;
  return new ClusterError('ERR_START_FAILED', text, causeOf(details));
}

/** Why the cluster gives up, from the master's `exception`: with the last worker's failure, if one failed. */
function exception(event, settings) {
  return withFailure(event, settings.title, settings);
}

/** Why scale() did not come to its end, from the master's `scaled`. */
function notScaled(event, settings) {
  return withFailure(event, 'scale()', settings);
}

function withFailure(event, subject, settings) {
  const details = JSON.parse(event.data);
  const { code, message } = details;
  if (event.role === undefined) return new ClusterError(code, `${subject}: ${message}`);
  const text = `${subject}: ${message}. The last failure: ${describe(event, details, settings)}`;
  return new ClusterError(code, text, causeOf(details));
}

/** Why a process waits for the next change (development), from the master's `crash`. */
function crash(event, settings) {
  const details = JSON.parse(event.data);
  return new ClusterError('ERR_CRASHED', `${settings.title}: ${describe(event, details, settings)}`, causeOf(details));
}

function causeOf({ error }) {
  return error ? { cause: reviveError(error) } : undefined;
}

function describe(event, details, settings) {
  const { error } = details;
  const where = event.role === 'alone' ? 'the alone' : `the worker of slot ${event.slot}`;
  const who = event.pid === undefined ? where : `${where} (pid ${event.pid})`;
  const told = error ? `: ${error.name}: ${error.message}` : '';
  return `${who} ${whatHappened(event, details, settings)}${told}`;
}

function whatHappened({ role, reason, code, signal }, { detail, wasReady }, { startTimeout, ready }) {
  const early = wasReady ? '' : ' before it was ready';
  switch (reason) {
    case 'spawn':
      return `could not be forked: ${detail}`;
    case 'timeout':
      return notReady(role, { startTimeout, ready });
    default:
      return signal ? `was ended by ${signal}${early}` : `exited with code ${code}${early}`;
  }
}

function notReady(role, { startTimeout, ready }) {
  return `was not ready within ${startTimeout} ms (startTimeout): ${AWAITED[role === 'alone' ? 'alone' : ready]}`;
}

module.exports = { startFailure, exception, notScaled, crash, notReady };
