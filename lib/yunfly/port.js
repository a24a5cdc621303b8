'use strict';

// A worker may open several servers: it serves when that on the app's port listens, not with the first.

const timers = require('../real-timers');

/** Watches where the workers of a cluster listen. One that never tells (`exclusive`, `ready: 'message'`) is not waited for. */
class Port {
  #cluster;
  #port;
  #addresses = new Map();

  constructor(cluster, port) {
    this.#cluster = cluster;
    this.#port = port;
    cluster.on('listening', (worker, address) => {
      this.#addresses.set(worker, [...(this.#addresses.get(worker) ?? []), address.port]);
    });
    cluster.on('exit', (worker) => this.#addresses.delete(worker));
  }

  #isOpen() {
    const told = [...this.#cluster.workers.values()].map((worker) => this.#addresses.get(worker) ?? []);
    return told.every((ports) => ports.length === 0 || ports.includes(this.#port));
  }

  /** Resolves when all workers listen on it: with false if `patience` ms went by. */
  open(patience) {
    return new Promise((resolve) => {
      const look = () => this.#isOpen() && end(true);
      const timer = timers.setTimeout(() => end(false), patience);
      const end = (isOpen) => {
        timers.clearTimeout(timer);
        for (const event of ['listening', 'exit']) this.#cluster.off(event, look);
        resolve(isOpen);
      };
      for (const event of ['listening', 'exit']) this.#cluster.on(event, look);
      look();
    });
  }
}

module.exports = { Port };
