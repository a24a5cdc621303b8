'use strict';

// The most that there was at a time.

const { residentSet } = require('./proc');
const { sum } = require('./statistics');

const SAMPLE_EVERY_MS = 500;

class Peak {
  /** Workers. */
  workers = 0;
  /** The resident sets of all processes, in KiB: pages that they share count in each. */
  memory = 0;
  #subject;
  #timer;

  /** `subject` has `pids()`, `living` (a list) and the event 'change'. */
  constructor(subject) {
    this.#subject = subject;
    subject.on('change', this.#look);
    this.#timer = setInterval(this.#sample, SAMPLE_EVERY_MS);
    this.#look();
    this.#sample();
  }

  #look = () => {
    this.workers = Math.max(this.workers, this.#subject.living.length);
  };

  #sample = () => {
    this.memory = Math.max(this.memory, sum(this.#subject.pids().map(residentSet)));
  };

  end() {
    clearInterval(this.#timer);
    this.#subject.off('change', this.#look);
    return { workers: this.workers, memory: this.memory };
  }
}

module.exports = { Peak };
