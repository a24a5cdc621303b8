'use strict';

// Questions to the alone and its answers by hand: a message with an id there, one with the same id back.

class Asker {
  #send;
  #open = new Map();
  #next = 0;

  constructor(send) {
    this.#send = send;
  }

  /** Resolves with the alone's answer. */
  ask(data) {
    return new Promise((resolve) => {
      const seq = this.#next++;
      this.#open.set(seq, resolve);
      this.#send({ to: 'alone', action: 'ask', seq, asker: process.pid, data });
    });
  }

  /** What the alone does with a question. */
  answer({ seq, asker, data }) {
    this.#send({ to: 'worker', worker_pid: asker, action: 'answer', seq, data });
  }

  take({ seq, data }) {
    const resolve = this.#open.get(seq);
    this.#open.delete(seq);
    resolve(data);
  }
}

module.exports = { Asker };
