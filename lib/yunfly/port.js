'use strict';

// A worker may open several servers: it serves when that on the app's port listens, not with the first.

const timers = require('../real-timers');

/** IPv4 and IPv6, as Node has them. */
const TCP = [4, 6];

/** Watches where the workers of a cluster listen. One that never tells (`exclusive`, `ready: 'message'`) is not waited for. */
class Port {
  #cluster;
  #port;
  #ports = new Map();

  constructor(cluster, port) {
    this.#cluster = cluster;
    this.#port = port;
    cluster.on('listening', (worker, { addressType, port: its }) => {
      if (TCP.includes(addressType)) this.#ports.set(worker, [...(this.#ports.get(worker) ?? []), its]);
    });
    cluster.on('exit', (worker) => this.#ports.delete(worker));
  }

  #isOpen() {
    const told = [...this.#cluster.workers.values()].map((worker) => this.#ports.get(worker) ?? []);
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
