'use strict';

// The app's message to a worker that is chosen at random.

const { ClusterError } = require('../errors');

/** @returns the id of the worker that gets it; null if none is ready, or without a master */
function tellRandomWorker(master, codec, message) {
  const json = message === undefined ? undefined : codec.json(message);
  if (json !== undefined && !json.startsWith('{')) throw invalid('it must be an object');
  try {
    return master?.randomWorker(json) ?? null;
  } catch (cause) {
    // The master adds fields to it, so it reads the names of those that are there. One of them is no Unicode.
    throw invalid(cause.message, cause);
  }
}

function invalid(why, cause) {
  return new ClusterError('ERR_MESSAGE_INVALID', `The message of randomWorker() cannot be sent: ${why}.`, { cause });
}

module.exports = { tellRandomWorker };
