'use strict';

// What this process has of its cluster: `requests`, `topics` and `messenger`. The preload puts a worker's or the alone's there, start()
// the app's. On `process`, so that another copy of this package finds them too.

const { ClusterError } = require('../errors');

const key = (part) => Symbol.for(`yunfly.cluster.${part}`);
const ENTERED = key('entered');

/** @returns that part; undefined: this process belongs to no cluster, or has not started one yet */
function find(part) {
  return process[key(part)];
}

function here(part) {
  const found = find(part);
  if (found) return found;
  const remedy =
    'Call it in a worker or in the alone, or in the app after start(). The workers of `register` have no part in one.';
  throw new ClusterError('ERR_NO_CLUSTER', `This process belongs to no cluster. ${remedy}`);
}

/** `parts`: by name, functions that give them when they are needed. Of several clusters the one that was started last counts. */
function enter(parts) {
  for (const [part, get] of Object.entries(parts)) {
    Object.defineProperty(process, key(part), { get, configurable: true });
  }
  process.emit(ENTERED);
}

/** Calls back once, when a cluster's parts take the place of these, be it by another copy of this package. Nothing can be sent yet. */
function onEnter(callback) {
  process.once(ENTERED, callback);
}

module.exports = { find, here, enter, onEnter };
