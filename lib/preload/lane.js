'use strict';

// The messages of this process to one target, in order, while they wait (outgoing.js).

const REQUEST = 'NODE_YUNFLY_RPC';

class Lane {
  /** Its receiver is behind. */
  isPaused = false;
  #messages = [];
  #next = 0;
  /** So many of the first ones go all the same. */
  #urgent = 0;

  add(message) {
    this.#messages.push(message);
  }

  get length() {
    return this.#messages.length - this.#next;
  }

  /** Whether the first one may go. */
  get isOpen() {
    return this.length > 0 && (!this.isPaused || this.#urgent > 0);
  }

  /** This one goes now, and in order: after all that are before it. */
  hasten(message) {
    this.#urgent = Math.max(this.#urgent, this.#messages.indexOf(message) + 1 - this.#next);
  }

  take() {
    const message = this.#messages[this.#next];
    this.#messages[this.#next++] = undefined;
    if (this.#urgent > 0) this.#urgent -= 1;
    // What was taken is let go, in steps that grow with what is left.
    if (this.#next * 2 > this.#messages.length) {
      this.#messages = this.#messages.slice(this.#next);
      this.#next = 0;
    }
    return message;
  }

  /** True if a request of this name waited here: it does not any more. */
  withdraw(id) {
    const index = this.#messages.findIndex((waiting) => waiting?.message?.cmd === REQUEST && waiting.message.id === id);
    if (index < 0) return false;
    this.#messages.splice(index, 1);
    if (index - this.#next < this.#urgent) this.#urgent -= 1;
    return true;
  }
}

module.exports = { Lane, REQUEST };
