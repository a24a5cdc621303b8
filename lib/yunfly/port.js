'use strict';

// A worker may open several servers: it serves when that on the app's port listens, not with the first.

const timers = require('../real-timers');

/** IPv4 and IPv6, as Node has them. */
const TCP = [4, 6];
const EVENTS = ['workerReady', 'listening', 'exit'];

/** Watches where the workers of a cluster listen. One that never tells (`exclusive`, `ready: 'message'`) is not waited for. */
class Port {
  #cluster;
  #port;
  #isEnabled;
  #ready = new Set();
  #ports = new Map();

  constructor(cluster, { port, enable }) {
    this.#cluster = cluster;
    this.#port = port;
    this.#isEnabled = enable !== false;
    cluster.on('workerReady', (worker) => this.#ready.add(worker));
    cluster.on('listening', (worker, { addressType, port: its }) => {
      if (TCP.includes(addressType)) this.#ports.set(worker, [...(this.#ports.get(worker) ?? []), its]);
    });
    cluster.on('exit', (worker) => {
      this.#ready.delete(worker);
      this.#ports.delete(worker);
    });
  }

  #isOpen() {
    // One that stands by has no slot.
    const workers = [...this.#cluster.workers.values()].filter(({ slot }) => Number.isInteger(slot));
    return workers.length > 0 && workers.every((worker) => this.#serves(worker));
  }

  #serves(worker) {
    const ports = this.#ports.get(worker) ?? [];
    return this.#ready.has(worker) && (ports.length === 0 || ports.includes(this.#port));
  }

  /** Resolves when all workers listen on it: with false if `patience` ms went by. Not at all if the cluster is closed. */
  open(patience) {
    // There are no workers.
    if (!this.#isEnabled) return Promise.resolve(true);
    return new Promise((resolve) => {
      const look = () => this.#isOpen() && end(true);
      const timer = timers.setTimeout(() => end(false), patience);
      const stop = () => {
        timers.clearTimeout(timer);
        this.#cluster.off('close', stop);
        for (const event of EVENTS) this.#cluster.off(event, look);
      };
      const end = (isOpen) => {
        stop();
        resolve(isOpen);
      };
      this.#cluster.on('close', stop);
      for (const event of EVENTS) this.#cluster.on(event, look);
      look();
    });
  }
}

module.exports = { Port };
