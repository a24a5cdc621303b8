'use strict';

// Reloads, scaling and SIGKILLs at random.

const { setTimeout: sleep } = require('node:timers/promises');
const { kill } = require('../lib/subject');

const MOST_WORKERS = 6;
const LONGEST_PAUSE_MS = 400;
/** In the workers' environment: the number of the reload that started them. */
const VARIABLE = 'BENCHMARK_VERSION';

/** A generator of numbers from 0 to 1 (mulberry32): a run can be repeated. */
function generator(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

class Turmoil {
  counts = { reloads: 0, givenUp: 0, scalings: 0, kills: 0 };
  /** What was asked for last. */
  count = 4;
  /** Of the last reload that was reported as ok. */
  version = 0;
  #subject;
  #random;
  #pending = [];

  constructor(subject, seed) {
    this.#subject = subject;
    this.#random = generator(seed);
  }

  #integer(most) {
    return 1 + Math.floor(this.#random() * most);
  }

  async go(seconds) {
    const end = performance.now() + seconds * 1000;
    while (performance.now() < end) {
      const dice = this.#random();
      if (dice < 0.3) this.#reload();
      else if (dice < 0.6) this.#scale();
      else if (dice < 0.9) await this.#kill();
      await sleep(this.#random() * LONGEST_PAUSE_MS);
    }
    await Promise.all(this.#pending);
  }

  #reload() {
    this.counts.reloads += 1;
    const version = this.counts.reloads;
    const target = this.#random() < 0.5 ? 'worker' : 'all';
    const options = { env: { [VARIABLE]: String(version) }, target, concurrency: this.#integer(3) };
    // Several that became one are answered in the order in which they were asked for; the options of the last one count.
    const reload = this.#subject.order('reload', options).then(({ ok }) => {
      if (ok) this.version = version;
      else this.counts.givenUp += 1;
    });
    this.#pending.push(reload);
    // It is awaited at the end.
    reload.catch(() => {});
  }

  #scale() {
    this.counts.scalings += 1;
    this.count = this.#integer(MOST_WORKERS);
    const scale = this.#subject.order('scale', this.count);
    this.#pending.push(scale);
    scale.catch(() => {});
  }

  /** Whichever it hits: one that boots, works, stands by or finishes. */
  async #kill() {
    const { workers } = await this.#subject.order('pids');
    const victim = workers[this.#integer(workers.length) - 1];
    if (victim && kill(victim)) this.counts.kills += 1;
  }
}

module.exports = { Turmoil, VARIABLE };
