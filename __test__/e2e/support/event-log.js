'use strict';

/** Longer than anything takes here, shorter than jest's own limit, which would not tell what happened instead. */
const PATIENCE_MS = 120_000;

/** What happened so far, and promises of what is still to come. Entries are `{ name, args }`. */
class EventLog {
  #waiting = new Set();
  #story;
  #ended = false;

  /** `story()`: what an error is to say about all that happened. */
  constructor(story) {
    this.#story = story;
    this.entries = [];
  }

  add(name, args) {
    const entry = { name, args };
    this.entries.push(entry);
    for (const waiter of this.#waiting) waiter.offer(entry);
  }

  /** What happened so far is nobody's concern any more. */
  forget() {
    this.entries = [];
  }

  /** Nothing more will come. */
  end() {
    this.#ended = true;
    for (const waiter of this.#waiting) waiter.giveUp('the app ended');
  }

  /** Resolves with the first entry that fits, be it past or to come. */
  entry(fits) {
    const past = this.entries.find(fits);
    if (past) return Promise.resolve(past);
    return new Promise((resolve, reject) => {
      const done = (settle, value) => {
        clearTimeout(timer);
        this.#waiting.delete(waiter);
        settle(value);
      };
      const waiter = {
        offer: (entry) => fits(entry) && done(resolve, entry),
        giveUp: (why) => done(reject, new Error(`${why} without ${fits}; ${this.#story()}`)),
      };
      const timer = setTimeout(() => waiter.giveUp(`${PATIENCE_MS} ms went by`), PATIENCE_MS);
      this.#waiting.add(waiter);
      if (this.#ended) waiter.giveUp('the app ended');
    });
  }
}

module.exports = { EventLog };
