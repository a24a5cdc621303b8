'use strict';

const cluster = require('cluster');
const { MASTER, CORE, PRELOAD, FIELDS } = require('../config/fields');
const { MIB } = require('../config/kinds');
const { variablesOf } = require('../config/settings');

const MOST_BYTES = 512 * MIB;

/** What the native master is told (Config in crates/master/src/config.rs): it starts no process, so there is nothing to launch. `policy`:
 *  Node's scheduling policy. */
function masterConfig(policy, { balance, drain, hangTimeout, killTimeout, maxMemory }) {
  return {
    ...defaultsOf(MASTER),
    title: process.title,
    // Node has no limit; the master's own is this.
    maxMessageBytes: MOST_BYTES,
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
      balance: balance ?? (policy === cluster.SCHED_NONE ? 'shared' : 'auto'),
      adoptedEnd: drain ? 'drain' : 'disconnect',
      hangTimeout,
      killTimeout,
      maxMemory,
      reloadDelay: undefined,
    },
  };
}

/** What a worker's preload is told (lib/preload). */
function bootOf(serialization, { drain, hangTimeout, killTimeout }) {
  const role = drain ? 'worker' : 'forked';
  return {
    ...defaultsOf(PRELOAD),
    mode: 'production',
    ready: 'online',
    title: process.title,
    adopted: true,
    role,
    serialization,
    hangTimeout,
    killTimeout,
  };
}

function defaultsOf(whom) {
  const told = Object.entries(FIELDS).filter(([, field]) => field.to?.includes(whom));
  return Object.fromEntries(told.map(([name, field]) => [name, field.default ?? field.defaults?.production]));
}

module.exports = { masterConfig, bootOf };
