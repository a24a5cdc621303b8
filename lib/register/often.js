'use strict';

// Warnings of what may happen a hundred thousand times in a moment: what a worker that died had not read, lines of one that writes nonsense.

const { warn } = require('../warn');

/** Of each kind the 1st, 2nd, 4th, 8th … is told. */
class OftenWarned {
  /** By worker, by kind. */
  #counts = new Map();

  /** `worker`: whose it is; none for this process. `kind`: one of a few. */
  warn(worker, kind, code, message) {
    const kinds = this.#counts.get(worker) ?? new Map();
    const count = (kinds.get(kind) ?? 0) + 1;
    this.#counts.set(worker, kinds.set(kind, count));
    const isPowerOfTwo = (count & (count - 1)) === 0;
    if (isPowerOfTwo) warn(code, count === 1 ? message : `${message} There were ${count} of these so far.`);
  }

  /** That worker is gone. */
  forget(worker) {
    this.#counts.delete(worker);
  }
}

module.exports = { OftenWarned };
