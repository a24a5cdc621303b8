'use strict';

const cluster = require('cluster');
const { MASTER, CORE, FIELDS } = require('../config/fields');
const { variablesOf } = require('../config/settings');

/** Nobody is killed for being slow, as under Node. */
const NEVER_MS = 100 * 365 * 86_400_000;

/** What the native master is told (Config in crates/master/src/config.rs): it starts no process, so there is nothing to launch. */
function masterConfig(policy) {
  return {
    ...defaultsOf(MASTER),
    title: process.title,
    output: 'inherit',
    log: 'stderr',
    variables: variablesOf(['YUNFLY_LOG', 'YUNFLY_PORTABLE']),
    policy: {
      ...defaultsOf(CORE),
      mode: 'production',
      alone: false,
      count: 0,
      refork: false,
      ready: 'online',
      randomWorker: 'never',
      balance: policy === cluster.SCHED_NONE ? 'shared' : 'auto',
      hangTimeout: undefined,
      maxMemory: undefined,
      reloadDelay: undefined,
      startTimeout: NEVER_MS,
      killTimeout: NEVER_MS,
      crashTimeout: NEVER_MS,
    },
  };
}

function defaultsOf(whom) {
  const told = Object.entries(FIELDS).filter(([, field]) => field.to?.includes(whom));
  return Object.fromEntries(told.map(([name, field]) => [name, field.default ?? field.defaults?.production]));
}

module.exports = { masterConfig };
