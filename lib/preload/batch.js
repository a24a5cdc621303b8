'use strict';

// A flood of messages from sendmessage(), request(), publish() and the messenger: what comes in one turn of the event loop is written
// together, as a system call costs more than all else of a small message. The first of a burst go at once, each by itself, as process.send()
// does always: they wait for no turn that takes long. Messages keep their order, also with process.send().

const { handle } = require('./node-channel');
const { nextTick, now } = require('../real-timers');

/** So many go at once. */
const FIRST = 8;

/** A burst ends with a pause of this length. What waits is written when it has waited for so long and another one comes. */
const PAUSE_MS = 1;

/** Code units; with more waiting they are written. */
const ENOUGH = 32 * 1024;

/** What Node is told to send where the lines are written. The master does nothing with it. */
const PLACEHOLDER = Object.freeze({ cmd: 'NODE_YUNFLY', act: 'mark' });

/** What Node's send() calls with a line (`writeChannelMessage`, lib/internal/child_process/serialization.js; 18 to 26). */
const write = handle?.writeUtf8String;

class Batch {
  #channel;
  #isUsable;
  /** So many came since the last pause, and when the last one did. */
  #burst = 0;
  #cameAt = -Infinity;

  #lines = '';
  #firstAt;
  /** One of those that wait is somebody's who expects 'error' where it cannot be written, as with process.send(). */
  #isHeard = false;

  /** What the next write is of, in place of Node's line. */
  #inPlace;

  /**
   * @param channel `isNodes`: no wrapper of process.send() was there before, which would see the placeholder and not the messages; `post()`: Node's
   *   send(); `isOpen()`; `full()`: it takes no more
   */
  constructor(channel) {
    this.#channel = channel;
    this.#isUsable = channel.isNodes && typeof write === 'function';
    if (!this.#isUsable) return;
    const replaced = () => this.#inPlace;
    const done = () => (this.#inPlace = undefined);
    handle.writeUtf8String = function (request, line, ...rest) {
      const result = Reflect.apply(write, this, [request, replaced() ?? line, ...rest]);
      done();
      return result;
    };
  }

  /** @returns what send() is to return; undefined: the message is to be sent by itself */
  add(message, isHeard) {
    if (!this.#isUsable || !process.connected || process._handleQueue || process._exiting) return undefined;
    // Node has errors for some of these.
    if (typeof message !== 'object' || message === null) return undefined;
    const time = now();
    this.#burst = time - this.#cameAt > PAUSE_MS ? 1 : this.#burst + 1;
    this.#cameAt = time;
    if (this.#burst <= FIRST) return undefined;
    const line = JSON.stringify(message);
    if (line === undefined) return undefined;
    if (this.#lines === '') {
      this.#firstAt = time;
      nextTick(() => this.flush());
    }
    this.#lines += `${line}\n`;
    this.#isHeard ||= isHeard;
    const isDue = this.#lines.length > ENOUGH || time - this.#firstAt > PAUSE_MS;
    return !isDue || this.flush();
  }

  /** @returns false if the channel takes no more */
  flush() {
    if (this.#lines === '') return true;
    const [lines, isHeard] = [this.#lines, this.#isHeard];
    this.#lines = '';
    this.#isHeard = false;
    const { isOpen, full } = this.#channel;
    const takesMore = this.#write(lines, isHeard);
    if (!takesMore && isOpen()) full();
    return takesMore;
  }

  #write(lines, isHeard) {
    const { post, isOpen } = this.#channel;
    this.#inPlace = lines;
    let takesMore;
    try {
      takesMore = post(PLACEHOLDER, undefined, undefined, (error) => error && isHeard && process.emit('error', error));
    } finally {
      // It threw (no stack is left, say): not written yet.
      if (takesMore === undefined && this.#inPlace !== undefined) this.#putBack(lines, isHeard);
    }
    if (this.#inPlace === undefined) return takesMore;
    this.#inPlace = undefined;
    return isOpen() ? this.#writeEach(lines) : takesMore;
  }

  #putBack(lines, isHeard) {
    this.#inPlace = undefined;
    this.#lines = lines + this.#lines;
    this.#isHeard ||= isHeard;
    nextTick(() => this.flush());
  }

  /** A version of Node that writes in another way. */
  #writeEach(lines) {
    this.#isUsable = false;
    const messages = lines
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line));
    return messages.map((message) => this.#channel.post(message, undefined, undefined, () => {})).every(Boolean);
  }
}

module.exports = { Batch };
