'use strict';

// What was measured, and what of it counts.

const { median } = require('../lib/statistics');

class Results {
  #runs = [];
  /** `{ test, peer, message }` for each run that failed. */
  failures = [];

  add(test, peer, values) {
    this.#runs.push({ test, peer, values });
  }

  #values(test, peer, name) {
    const runs = this.#runs.filter((run) => run.test === test && run.peer === peer);
    return runs.map(({ values }) => values[name]).filter((value) => value != null);
  }

  /** The tests in which something was measured. */
  get tests() {
    return [...new Set(this.#runs.map(({ test }) => test))];
  }

  has(test, peer) {
    return this.#runs.some((run) => run.test === test && run.peer === peer);
  }

  /** The median of all rounds; null if there is none. */
  median(test, peer, name) {
    const values = this.#values(test, peer, name);
    return values.length > 0 ? median(values) : null;
  }

  /** `{ least, most }` of all rounds. */
  range(test, peer, name) {
    const values = this.#values(test, peer, name);
    return { least: Math.min(...values), most: Math.max(...values) };
  }

  /** Of two medians; null if one is missing. */
  ratio(test, name, peer, base) {
    const [value, divisor] = [this.median(test, peer, name), this.median(test, base, name)];
    return value === null || !divisor ? null : value / divisor;
  }
}

module.exports = { Results };
