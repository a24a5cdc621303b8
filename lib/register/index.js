'use strict';

// Node's own `cluster` of a primary, on the native master. The module stays Node's (its Worker class, `workers`, `settings`, events): only
// what makes processes and speaks to them is taken over, as lib/internal/cluster/primary.js has it.

const cluster = require('cluster');
const { syncBuiltinESMExports } = require('module');

const REGISTERED = Symbol.for('yunfly.cluster.registered');

/** In a worker there is nothing to do, and this is loaded in each (`--import` is inherited). A second copy of the package leaves the
 *  first one's work alone. */
function register() {
  if (!cluster.isPrimary || cluster[REGISTERED]) return;
  Object.defineProperty(cluster, REGISTERED, { value: true });
  // Loaded when the first worker is forked: a primary may never fork any.
  const primary = () => require('./primary');
  const { setupPrimary } = cluster;
  cluster.setupPrimary = cluster.setupMaster = function (options) {
    setupPrimary.call(this, options);
    primary().freezePolicy();
  };
  cluster.fork = (env) => primary().fork(env);
  cluster.disconnect = (callback) => primary().disconnect(callback);
  cluster.Worker.prototype.disconnect = function () {
    return primary().disconnectWorker(this);
  };
  syncBuiltinESMExports();
}

/** Options go to the master, which is there from the first fork on. */
function configure(options) {
  if (!cluster.isPrimary) return;
  const given = require('./options');
  given.configure(options);
}

module.exports = { register, configure };
