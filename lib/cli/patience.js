'use strict';

/** From the first pause on each is twice as long as the one before, up to the longest. */
const FIRST_MS = 3000;
const LONGEST_MS = 60_000;

/** Calls `tell` while something takes long, less and less often. */
class Patience {
  #tell;
  #timer;

  constructor(tell) {
    this.#tell = tell;
  }

  /** `isUnderWay`: whether there is still anything to wait for. */
  watch(isUnderWay) {
    if (isUnderWay) {
      if (!this.#timer) this.#wait(FIRST_MS);
      return;
    }
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #wait(ms) {
    this.#timer = setTimeout(() => {
      this.#wait(Math.min(2 * ms, LONGEST_MS));
      this.#tell();
    }, ms).unref();
  }
}

module.exports = { Patience };
