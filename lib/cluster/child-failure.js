'use strict';

const { ClusterError, reviveError } = require('../errors');

const AWAITED = {
  alone: 'its files have not loaded, or the promises that their functions returned have not resolved',
  listening: "none of its servers listens; for workers without a server, set `ready` to 'online' or 'message'",
  online: 'it is not running yet',
  message: "it has not called process.send('ready')",
};

/** Why the start failed, from the master's `startFailed`. */
function startFailure(failure, settings) {
  const text = `${settings.title} could not start: ${describe(failure, settings)}`;
  return new ClusterError('ERR_START_FAILED', text, causeOf(failure));
}

/** Why the cluster gives up, from the master's `exception`, or `aloneReachLimit`: with the last process's failure, if one failed. */
function exception(event, settings) {
  return withFailure(event, settings.title, settings);
}

/** Why scale() did not come to its end, from the master's `notScaled`. */
function notScaled(event, settings) {
  return withFailure(event, 'scale()', settings);
}

function withFailure({ code, message, failure }, subject, settings) {
  if (!failure) return new ClusterError(code, `${subject}: ${message}`);
  const text = `${subject}: ${message}. The last failure: ${describe(failure, settings)}`;
  return new ClusterError(code, text, causeOf(failure));
}

/** Why a process waits for the next change (development), from the master's `crash`. */
function crash(failure, settings) {
  return new ClusterError('ERR_CRASHED', `${settings.title}: ${describe(failure, settings)}`, causeOf(failure));
}

function causeOf({ error }) {
  return error ? { cause: reviveError(error) } : undefined;
}

function describe(failure, settings) {
  const { role, slot, pid, error } = failure;
  const where = role === 'alone' ? 'the alone' : `the worker of slot ${slot}`;
  const who = pid === undefined ? where : `${where} (pid ${pid})`;
  const told = error ? `: ${error.name}: ${error.message}` : '';
  return `${who} ${whatHappened(failure, settings)}${told}`;
}

function whatHappened(failure, settings) {
  const { cause, code, signal, detail, wasReady } = failure;
  const early = wasReady ? '' : ' before it was ready';
  switch (cause) {
    case 'spawn':
      return `could not be forked: ${detail}`;
    case 'timeout':
      return notReady(failure, settings);
    default:
      return signal ? `was killed by ${signal}${early}` : `exited with code ${code}${early}`;
  }
}

function notReady({ role, places }, { startTimeout, ready }) {
  const awaited = AWAITED[role === 'alone' ? 'alone' : ready] ?? placeMissing(ready, places);
  return `was not ready within ${startTimeout} ms (startTimeout): ${awaited}`;
}

/** Of a worker that listens elsewhere, if at all. */
function placeMissing({ port, path }, places) {
  const missing = [port ?? []].flat().filter((each) => !places.includes(`port ${each}`));
  const what = path ?? `port ${missing.join(' and ')}`;
  const where = places.length > 0 ? `it listens on ${places.join(', ')}` : 'none of its servers listens';
  return `it does not listen on ${what} (ready); ${where}`;
}

module.exports = { startFailure, exception, notScaled, crash, notReady };
