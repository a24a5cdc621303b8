'use strict';

const cluster = require('cluster');
const { settled } = require('../config/check');
const { MASTER, CORE, PRELOAD } = require('../config/fields');
const { MIB } = require('../config/kinds');
const { toldTo, variablesOf } = require('../config/settings');

const MOST_BYTES = 512 * MIB;

/** What the native master is told (Config in crates/master/src/config.rs): it starts no process, so there is nothing to launch. `policy`:
 *  Node's scheduling policy. */
function masterConfig(policy, { balance, drain, hangTimeout, killTimeout, maxMemory }) {
  return {
    ...toldTo(MASTER, usual()),
    title: process.title,
    // Node has no limit; the master's own is this.
    maxMessageBytes: MOST_BYTES,
    output: 'inherit',
    log: 'stderr',
    variables: variablesOf(['YUNFLY_LOG', 'YUNFLY_PORTABLE']),
    policy: {
      ...toldTo(CORE, usual()),
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

/** What a worker's preload is told (lib/preload): with `drain` it is one of a cluster's workers, else Node's own as far as can be. */
function bootOf(serialization, { drain, hangTimeout, killTimeout }) {
  if (!drain) return { role: 'forked', serialization, hangTimeout };
  return {
    ...toldTo(PRELOAD, usual()),
    mode: 'production',
    ready: 'online',
    title: process.title,
    adopted: true,
    role: 'worker',
    serialization,
    hangTimeout,
    killTimeout,
  };
}

/** A cluster's configuration, had nothing been configured. */
function usual() {
  return settled({}, 'production');
}

module.exports = { masterConfig, bootOf };
