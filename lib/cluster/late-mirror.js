'use strict';

// The mirror for tools that are written for node:cluster (mirror.js), from when somebody can look into it: the app has loaded Node's
// module, or the cluster is ready. To load that for nobody would keep a CPU from the processes that boot.

/** Whether anybody has: Node tells which modules of its own it has loaded (undocumented: where it doesn't, maybe). */
const isLoaded = () => process.moduleLoadList?.includes('NativeModule cluster') ?? true;

class LateMirror {
  #settings;
  #close;
  #mirror = null;
  /** That are to be in it. */
  #workers = new Set();
  #state = 'awaited';

  /** As Mirror has them. */
  constructor(settings, close) {
    this.#settings = settings;
    this.#close = close;
  }

  open() {
    if (this.#state !== 'awaited') return;
    this.#state = 'open';
    this.#mirror = require('./mirror').openMirror(this.#settings, this.#close);
    for (const worker of this.#workers) this.#mirror.add(worker);
    this.#workers.clear();
  }

  #opened() {
    if (this.#state === 'awaited' && isLoaded()) this.open();
    return this.#mirror;
  }

  add(worker) {
    const mirror = this.#opened();
    if (mirror) mirror.add(worker);
    else this.#workers.add(worker);
  }

  remove(worker) {
    this.#workers.delete(worker);
    this.#mirror?.remove(worker);
  }

  emit(...event) {
    this.#opened()?.emit(...event);
  }

  listeners(worker) {
    return this.#opened()?.listeners(worker) ?? 0;
  }

  close() {
    this.#state = 'closed';
    this.#mirror?.close();
  }
}

module.exports = { LateMirror };
