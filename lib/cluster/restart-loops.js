'use strict';

const timers = require('../real-timers');

/** A boot that takes longer than this is not recognised in a loop. */
const LONGEST_BOOT_MS = 5000;
const MOST_TIMES = 4;

/** A file that the app writes when it starts would start it again, for ever. */
class RestartLoops {
  #window;
  #file;
  #times = 0;
  #last = -Infinity;

  constructor({ reloadDelay }) {
    this.#window = reloadDelay + LONGEST_BOOT_MS;
  }

  /** Files changed. Gives one that was alone in it again and again, each time soon after the time before; once. */
  heard(files, now = timers.now()) {
    const [file] = files;
    const goesOn = files.length === 1 && file === this.#file && now - this.#last < this.#window;
    this.#times = goesOn ? this.#times + 1 : 1;
    this.#file = file;
    this.#last = now;
    return this.#times === MOST_TIMES ? file : undefined;
  }
}

module.exports = { RestartLoops };
