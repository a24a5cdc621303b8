'use strict';

// The app process is a primary to Node's own cluster module: tools that are written for one find the workers of our
// cluster there, and hear its events.

const cluster = require('cluster');
const { syncBuiltinESMExports } = require('module');
const timers = require('../real-timers');

/** Node's words for how far a worker is. */
const STATES = { forking: 'none', standby: 'online', draining: 'listening' };

/** The one that is shown. */
let current = null;

/** One of our workers as Node's own `Worker`, on what is used as its ChildProcess. */
function mirrored(worker) {
  const shown = new cluster.Worker({ id: worker.id, process: worker.process });
  // Tools mark a worker as asked to go before they kill it; Node itself does in disconnect().
  let marked;
  return Object.defineProperties(shown, {
    state: { get: () => STATES[worker.state] ?? worker.state, set() {}, enumerable: true },
    exitedAfterDisconnect: {
      get: () => marked ?? worker.exitedAfterDisconnect,
      set(value) {
        marked = value;
      },
      enumerable: true,
    },
    // Node's would take the worker out of its list, and speak to it in a channel that it has not.
    disconnect: {
      value() {
        marked = true;
        worker.disconnect();
        return shown;
      },
      configurable: true,
      writable: true,
    },
  });
}

class Mirror {
  /** Node's, and what stands in its place. */
  #disconnect = cluster.disconnect;
  #disconnectsAll = (callback) => void this.#disconnectAll(callback);
  /** Of the settings, what is ours. */
  #names = [];
  #close;
  /** Each of our workers that is shown with Node's of it: ids of one cluster are not unique in the process. */
  #shown = new Map();

  /** `settings`: as `cluster.setupPrimary()` has them; `close`: ends the cluster, and resolves when it is gone. */
  constructor(settings, close) {
    this.#close = close;
    cluster.disconnect = this.#disconnectsAll;
    syncBuiltinESMExports();
    if (cluster.settings.exec === undefined) this.#show(settings);
  }

  /** Not enumerable: tools read them, and Node's own fork() and setupPrimary() of the app take over nothing of ours. */
  #show(settings) {
    this.#names = Object.keys(settings).filter((name) => !(name in cluster.settings));
    for (const name of this.#names) {
      Object.defineProperty(cluster.settings, name, {
        value: settings[name],
        writable: true,
        configurable: true,
        enumerable: false,
      });
    }
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

  /** How many listen for a worker's messages here, beside Node's own, which hands them on from the worker's process. */
  listeners(worker) {
    const shown = this.#shown.get(worker);
    return shown ? shown.listenerCount('message') + cluster.listenerCount('message') - 1 : 0;
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
    // Somebody may have wrapped it since.
    if (cluster.disconnect === this.#disconnectsAll) {
      cluster.disconnect = this.#disconnect;
      syncBuiltinESMExports();
    }
    for (const name of this.#names)
      if (!Object.prototype.propertyIsEnumerable.call(cluster.settings, name)) delete cluster.settings[name];
    current = null;
  }
}

/** Shows nothing: there is another cluster that is shown, or this process is itself a worker of a node:cluster. */
const NOTHING = { add() {}, remove() {}, emit() {}, listeners: () => 0, close() {} };

function openMirror(settings, close) {
  if (current || !cluster.isPrimary) return NOTHING;
  current = new Mirror(settings, close);
  return current;
}

module.exports = { openMirror };
