'use strict';

const timers = require('../real-timers');

/** Hands the master's events on, one at a time: between two of them the promise callbacks that the first one caused
 *  run, so that `await once(cluster, 'exit'); await once(cluster, 'fork')` misses nothing, as if each event had come
 *  in a turn of its own. */
class Pump {
  #take;
  #handle;
  #waiting = [];
  #running = false;
  #woken = false;

  constructor(take, handle) {
    this.#take = take;
    this.#handle = handle;
  }

  /** There are events. One batch for each wake-up: the next one comes in another turn of the event loop, so that a
   *  flood of messages leaves the app's own timers and sockets their share. */
  wake() {
    this.#woken = true;
    if (this.#running) return;
    this.#running = true;
    this.#step();
  }

  /** Reads ahead until there is an event that fits; it is handled later, in its turn. */
  find(fits) {
    let found = this.#waiting.find(fits);
    while (!found && this.#refill()) found = this.#waiting.find(fits);
    return found;
  }

  #refill() {
    this.#woken = false;
    const events = this.#take();
    this.#waiting.push(...events);
    return events.length > 0;
  }

  #step() {
    if (this.#waiting.length === 0 && !(this.#woken && this.#refill())) {
      this.#running = false;
      return;
    }
    // Before the event: a listener that throws is an uncaught exception, and the next event comes nevertheless.
    // The next tick, because microtasks are run until none is left before it.
    timers.queueMicrotask(() => timers.nextTick(() => this.#step()));
    this.#handle(this.#waiting.shift());
  }
}

module.exports = { Pump };
