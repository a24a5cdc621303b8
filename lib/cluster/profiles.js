'use strict';

// child.profile(): what is asked of the master, and its answers.

const { checkProfile, profileOrder } = require('../config/profile');
const { ClusterError } = require('../errors');

class Profiles {
  #master;
  #title;
  #last = 0;
  #isClosed = false;
  /** By the number under which the master answers. */
  #waiting = new Map();

  constructor(master, title) {
    this.#master = master;
    this.#title = title;
  }

  async take(role, { id: childId, slot, pid }, options) {
    checkProfile(options);
    if (this.#isClosed) throw closed();
    const { signal } = options;
    const order = profileOrder(options, { title: this.#title, slot: role === 'alone' ? role : slot, pid });
    const id = ++this.#last;
    const end = () => this.#master.endProfile(id);
    try {
      return await new Promise((resolve, reject) => {
        this.#waiting.set(id, { resolve, reject });
        this.#master.profile(id, role, childId, JSON.stringify(order));
        signal?.addEventListener('abort', end);
        if (signal?.aborted) end();
      });
    } finally {
      signal?.removeEventListener('abort', end);
    }
  }

  profiled({ id, json }) {
    this.#take(id).resolve(JSON.parse(json));
  }

  notProfiled({ id, code, message }) {
    this.#take(id).reject(new ClusterError(code, `profile(): ${message}`));
  }

  /** The cluster is over, and the master answers nothing more. */
  close() {
    this.#isClosed = true;
    for (const id of [...this.#waiting.keys()]) this.#take(id).reject(closed());
  }

  #take(id) {
    const one = this.#waiting.get(id);
    this.#waiting.delete(id);
    return one;
  }
}

function closed() {
  return new ClusterError('ERR_CLOSED', 'profile(): the cluster is closed.');
}

module.exports = { Profiles };
