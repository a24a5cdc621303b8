'use strict';

const { ClusterError, describeError } = require('../errors');
const { loadScript } = require('./load-script');

/** `enable: false`: the app's script runs in this process, as if there were no cluster. `workerLoader`: what is to be loaded before
 *  TypeScript. Its `loader` (before Node 18.19 and 20.6) is for a command line only. */
async function loadInProcess({ exec, workerLoader = { require: [], import: [] } }) {
  try {
    workerLoader.require.forEach((module) => require(module));
    for (const module of workerLoader.import) await import(module);
    await loadScript(exec);
  } catch (cause) {
    const why = `${exec} could not be loaded: ${describeError(cause).message}`;
    throw new ClusterError('ERR_START_FAILED', why, { cause });
  }
}

module.exports = { loadInProcess };
