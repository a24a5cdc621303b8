'use strict';

// What is done to the cluster: every `interval` ms something bad happens to one of its processes.

const { acceptedBy, stop } = require('./proc');

const KINDS = ['SIGKILL', 'SIGSTOP', 'block', 'throw', 'leak'];
const ALONE_EVERY = 10;

const random = (list) => list[Math.floor(Math.random() * list.length)];

class Faults {
  #subject;
  #evidence;
  #turns = 0;

  constructor(subject, evidence) {
    this.#subject = subject;
    this.#evidence = evidence;
    this.injected = Object.fromEntries([...KINDS, 'alone SIGKILL'].map((kind) => [kind, 0]));
    /** Turns in which every worker had been hit already, or the chosen one just ended. */
    this.idle = 0;
  }

  /** Resolves after `duration` ms. */
  run(interval, duration) {
    return new Promise((resolve) => {
      const timer = setInterval(() => this.#turn(), interval);
      setTimeout(() => resolve(clearInterval(timer)), duration);
    });
  }

  #turn() {
    this.#turns += 1;
    if (this.#turns % ALONE_EVERY === 0) this.#killAlone();
    const workers = [...this.#subject.workers.values()];
    const victim = random(workers.filter(({ listening, fault }) => listening && !fault));
    if (!victim) {
      this.idle += 1;
      return;
    }
    // One leak at a time: the master recycles one worker at a time, and a seat that waits for that is a fault less.
    const leaks = workers.some(({ fault }) => fault === 'leak');
    this.#hit(victim, random(leaks ? KINDS.filter((kind) => kind !== 'leak') : KINDS));
  }

  #hit(worker, kind) {
    const { pid } = worker;
    if (kind === 'SIGKILL' || kind === 'SIGSTOP') {
      // SIGKILL, too, hits a process that stands still: only then the kernel can be asked what it had accepted.
      if (!stop(pid)) {
        this.idle += 1;
        return;
      }
      this.#evidence.addAccepted(pid, acceptedBy(pid, this.#subject.port));
      if (kind === 'SIGKILL') process.kill(pid, 'SIGKILL');
    } else {
      this.#subject.order(pid, kind);
    }
    worker.fault = kind;
    this.injected[kind] += 1;
    this.#evidence.addFault(pid, kind);
  }

  #killAlone() {
    const { alone } = this.#subject;
    if (alone === null) return;
    process.kill(alone, 'SIGKILL');
    this.injected['alone SIGKILL'] += 1;
  }
}

module.exports = { Faults };
