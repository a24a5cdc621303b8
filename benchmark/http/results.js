'use strict';

const { median, sum } = require('../lib/statistics');

/** What was measured, by test, peer and round. Where nothing was, the answers are undefined. */
class Results {
  #rounds = new Map();
  /** `{ test, peer, round, message }` of each run that failed. */
  failures = [];

  add(test, peer, round, values) {
    const key = `${test} ${peer}`;
    if (!this.#rounds.has(key)) this.#rounds.set(key, new Map());
    this.#rounds.get(key).set(round, values);
  }

  #of(test, peer) {
    return this.#rounds.get(`${test} ${peer}`) ?? new Map();
  }

  has(test, peer) {
    return this.#of(test, peer).size > 0;
  }

  values(test, peer, key) {
    return [...this.#of(test, peer).values()].map((values) => values[key]);
  }

  median(test, peer, key) {
    return this.has(test, peer) ? median(this.values(test, peer, key)) : undefined;
  }

  total(test, peer, key) {
    return this.has(test, peer) ? sum(this.values(test, peer, key)) : undefined;
  }

  /** The values of the round in which `key` is largest. */
  worst(test, peer, key) {
    return [...this.#of(test, peer).values()].sort((a, b) => b[key] - a[key])[0];
  }

  /** The median over the rounds of what `combine` makes of both peers' values in the same round. */
  compared(test, peer, other, key, combine) {
    const others = this.#of(test, other);
    const rounds = [...this.#of(test, peer)].filter(([round]) => others.has(round));
    if (rounds.length === 0) return undefined;
    return median(rounds.map(([round, values]) => combine(values[key], others.get(round)[key])));
  }

  ratio(test, peer, other, key) {
    return this.compared(test, peer, other, key, (a, b) => a / b);
  }

  difference(test, peer, other, key) {
    return this.compared(test, peer, other, key, (a, b) => a - b);
  }
}

module.exports = { Results };
