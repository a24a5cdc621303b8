'use strict';

// What is marked on the time axis, in bounded memory: marks of one kind that are close to each other become one that counts them, the older
// the coarser. Pure: the time comes with each mark, in seconds since 1970.

const MOST_MARKS = 400;

/** So many are left when they become coarser, which is not to be done for each. */
const LEFT = 300;

/** What is older than the newest mark by this is not shown any more. */
const KEPT = 24 * 60 * 60;

const COARSEST = 1 << 14;

class Marks {
  #marks = [];

  /** `kind`: reload, reloaded, exit, crash, scale, hang … */
  add(time, kind) {
    this.#marks.push({ time, kind, count: 1 });
    if (this.#marks.length <= MOST_MARKS) return;
    this.#marks = this.#marks.filter((mark) => mark.time > time - KEPT);
    for (let step = 1; this.#marks.length > LEFT && step <= COARSEST; step *= 4) this.#thin(step);
  }

  /** The older half becomes coarser. */
  #thin(step) {
    const half = Math.ceil(this.#marks.length / 2);
    const kept = new Map();
    for (const mark of this.#marks.slice(0, half)) {
      const key = `${mark.kind} ${Math.floor(mark.time / step)}`;
      const same = kept.get(key);
      if (same) same.count += mark.count;
      else kept.set(key, { ...mark });
    }
    this.#marks = [...kept.values(), ...this.#marks.slice(half)];
  }

  /** `[{ time, kind, count }]`, oldest first. */
  since(time = -Infinity) {
    return this.#marks.filter((mark) => mark.time >= time);
  }

  clear() {
    this.#marks = [];
  }
}

module.exports = { MOST_MARKS, Marks };
