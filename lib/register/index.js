'use strict';

// Node's own `cluster` of a primary, on the native master. The module stays Node's (its Worker class, `workers`, `settings`, events): only
// what makes processes and speaks to them is taken over, as lib/internal/cluster/primary.js has it.

const cluster = require('cluster');
const { syncBuiltinESMExports } = require('module');

const REGISTERED = Symbol.for('yunfly.cluster.registered');

/** A second copy of the package leaves the first one's work alone. */
function register() {
  if (cluster[REGISTERED]) return;
  Object.defineProperty(cluster, REGISTERED, { value: require('./options').configure });
  // Loaded when it is needed: a primary may never fork any.
  const primary = () => require('./primary');
  const { setupPrimary } = cluster;
  cluster.setupPrimary = cluster.setupMaster = function (options) {
    setupPrimary.call(this, options);
    primary().freezePolicy();
  };
  cluster.fork = (env) => primary().fork(env);
  cluster.disconnect = (callback) => primary().disconnect(callback);
  const { disconnect } = cluster.Worker.prototype;
  cluster.Worker.prototype.disconnect = function () {
    // One that Node forked before.
    return primary().isOurs(this) ? primary().disconnectWorker(this) : disconnect.call(this);
  };
  syncBuiltinESMExports();
}

/** Before the first fork. */
function configure(options) {
  cluster[REGISTERED](options);
}

module.exports = { register, configure };
