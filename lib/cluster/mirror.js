'use strict';

// The app process is a primary to Node's own cluster module: tools that are written for one find the workers of our
// cluster there, and hear its events.

const cluster = require('cluster');

/** The one that is shown. */
let current = null;

class Mirror {
  /** Workers that are shown: ids of one cluster are not unique in the process. */
  #shown = new Set();

  add(worker) {
    if (worker.id in cluster.workers) return;
    cluster.workers[worker.id] = worker;
    this.#shown.add(worker);
  }

  /** The app may have forked a worker of its own meanwhile, which Node put in its place. */
  remove(worker) {
    if (cluster.workers[worker.id] === worker) delete cluster.workers[worker.id];
  }

  emit(name, worker, ...args) {
    const shown = this.#shown.has(worker);
    if (name === 'exit') this.#shown.delete(worker);
    if (shown) cluster.emit(name, worker, ...args);
  }

  close() {
    for (const worker of this.#shown) this.remove(worker);
    current = null;
  }
}

/** Shows nothing: there is another cluster that is shown, or this process is itself a worker of a node:cluster. */
const NOTHING = { add() {}, remove() {}, emit() {}, close() {} };

function openMirror() {
  if (current || !cluster.isPrimary) return NOTHING;
  current = new Mirror();
  return current;
}

module.exports = { openMirror };
