'use strict';

/** What happened so far, and promises of what is still to come. Entries are `{ name, args }`. */
class EventLog {
  #waiting = new Set();
  #ended;

  constructor() {
    this.entries = [];
  }

  add(name, args) {
    const entry = { name, args };
    this.entries.push(entry);
    for (const waiter of this.#waiting) waiter.offer(entry);
  }

  /** Nothing more will come: whoever waits gets an error that ends with `story()`. */
  end(story) {
    this.#ended = story;
    for (const waiter of this.#waiting) waiter.giveUp();
  }

  /** Resolves with the first entry that fits, be it past or to come. */
  entry(fits) {
    const past = this.entries.find(fits);
    if (past) return Promise.resolve(past);
    return new Promise((resolve, reject) => {
      const waiter = {
        offer: (entry) => {
          if (!fits(entry)) return;
          this.#waiting.delete(waiter);
          resolve(entry);
        },
        giveUp: () => reject(new Error(`the app ended without ${fits}; ${this.#ended()}`)),
      };
      if (this.#ended) waiter.giveUp();
      else this.#waiting.add(waiter);
    });
  }
}

module.exports = { EventLog };
