'use strict';

const { EventEmitter } = require('events');

/** A child as tools know it that are written for `child_process`: what a cluster worker's `process` is in Node. The streams are
 *  null, as in a process with `stdio: 'inherit'`. */
class ChildProcess extends EventEmitter {
  #child;
  stdin = null;
  stdout = null;
  stderr = null;
  stdio = [null, null, null];
  exitCode = null;
  signalCode = null;
  killed = false;

  constructor(child) {
    super();
    this.#child = child;
    this.pid = child.pid;
    // The document's name for it (random worker).
    this.id = child.pid;
  }

  get connected() {
    return this.#child.isConnected();
  }

  send(...args) {
    return this.#child.send(...args);
  }

  /** Node closes the channel, whereupon a cluster worker finishes what it has and ends. */
  disconnect() {
    this.#child.disconnect?.();
  }

  kill(signal) {
    const isAlive = this.#child.kill(signal);
    if (isAlive && signal !== 0) this.killed = true;
    return isAlive;
  }

  // It keeps nobody alive: the cluster does.
  ref() {}
  unref() {}
}

module.exports = { ChildProcess };
