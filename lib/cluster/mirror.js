'use strict';

// The app process is a primary to Node's own cluster module: tools that are written for one find the workers of our
// cluster there, and hear its events.

const cluster = require('cluster');
const timers = require('../real-timers');

/** Node's words for how far a worker is. */
const STATES = { forking: 'none', standby: 'online', draining: 'listening' };

/** The one that is shown. */
let current = null;

/** One of our workers as Node's own `Worker`, on what is used as its ChildProcess. */
function mirrored(worker) {
  const shown = new cluster.Worker({ id: worker.id, process: worker.process });
  return Object.defineProperties(shown, {
    state: { get: () => STATES[worker.state] ?? worker.state, enumerable: true },
    exitedAfterDisconnect: { get: () => worker.exitedAfterDisconnect, enumerable: true },
    // Node's would take the worker out of its list, and speak to it in a channel that it has not.
    disconnect: {
      value() {
        worker.disconnect();
        return shown;
      },
    },
  });
}

class Mirror {
  #disconnect = cluster.disconnect;
  #settings;
  #close;
  /** Each of our workers that is shown with Node's of it: ids of one cluster are not unique in the process. */
  #shown = new Map();

  /** `settings`: as `cluster.setupPrimary()` has them; `close`: ends the cluster, and resolves when it is gone. */
  constructor(settings, close) {
    this.#settings = settings;
    this.#close = close;
    cluster.disconnect = (callback) => void this.#disconnectAll(callback);
    // The app's own, if it forks workers itself.
    if (cluster.settings.exec === undefined) Object.assign(cluster.settings, settings);
  }

  add(worker) {
    if (worker.id in cluster.workers) return;
    const shown = mirrored(worker);
    cluster.workers[worker.id] = shown;
    this.#shown.set(worker, shown);
  }

  /** The app may have forked a worker of its own meanwhile, which Node put in its place. */
  remove(worker) {
    if (cluster.workers[worker.id] === this.#shown.get(worker)) delete cluster.workers[worker.id];
  }

  emit(name, worker, ...args) {
    const shown = this.#shown.get(worker);
    if (!shown) return;
    if (name === 'exit') this.#shown.delete(worker);
    // A message comes by its process; and `fork` is the primary's alone.
    if (name !== 'message' && name !== 'fork') shown.emit(name, ...args);
    cluster.emit(name, shown, ...args);
  }

  /** `cluster.disconnect(callback)`: all workers end, and none is replaced. */
  async #disconnectAll(callback) {
    const ours = new Set(this.#shown.values());
    const others = Object.values(cluster.workers).filter((worker) => !ours.has(worker) && worker.isConnected());
    const gone = others.map((worker) => new Promise((resolve) => worker.once('disconnect', resolve).disconnect()));
    await Promise.all([this.#close(), ...gone]);
    if (typeof callback === 'function') timers.nextTick(callback);
  }

  close() {
    for (const worker of this.#shown.keys()) this.remove(worker);
    cluster.disconnect = this.#disconnect;
    for (const [name, value] of Object.entries(this.#settings)) if (cluster.settings[name] === value) delete cluster.settings[name];
    current = null;
  }
}

/** Shows nothing: there is another cluster that is shown, or this process is itself a worker of a node:cluster. */
const NOTHING = { add() {}, remove() {}, emit() {}, close() {} };

function openMirror(settings, close) {
  if (current || !cluster.isPrimary) return NOTHING;
  current = new Mirror(settings, close);
  return current;
}

module.exports = { openMirror };
