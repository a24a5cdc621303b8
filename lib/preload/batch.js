'use strict';

// What sendmessage(), request(), publish() and the messenger send in quick succession is written at once, at the end of the turn of the
// event loop: of a small message the system call costs more than all else. Who sends only now and then, even within a turn that takes
// long, writes at once. process.send() itself writes as Node does, after what waits here: messages keep their order.

const { handle } = require('./node-channel');
const { nextTick, now } = require('../real-timers');

/** Code units that wait at most. */
const LIMIT = 32 * 1024;

/** A message waits if the one before it was written no longer ago. */
const QUICK_MS = 1;

/** What Node is told to send where the lines are written. The master does nothing with it. */
const PLACEHOLDER = { cmd: 'NODE_YUNFLY', act: 'mark' };

/** What Node's send() calls with a line (`writeChannelMessage`, lib/internal/child_process/serialization.js; 18 to 26). */
const write = handle?.writeUtf8String;

/** As Node does without a callback. */
const fail = (error) => error && process.emit('error', error);

class Batch {
  #post;
  #full;
  #lines = '';
  #callbacks = new Set();
  #writtenAt = -Infinity;
  /** What the next write is of, in place of Node's line. */
  #inPlace;
  #isUsable = typeof write === 'function';

  /**
   * @param post Node's send()
   * @param full called when the channel takes no more
   */
  constructor({ post, full }) {
    this.#post = post;
    this.#full = full;
    if (!this.#isUsable) return;
    const replaced = (line) => this.#replaced(line);
    handle.writeUtf8String = function (request, line, ...rest) {
      return Reflect.apply(write, this, [request, replaced(line), ...rest]);
    };
    process.on('exit', () => this.flush());
    const { disconnect } = process;
    process.disconnect = (...args) => {
      this.flush();
      return Reflect.apply(disconnect, process, args);
    };
  }

  /** @returns what send() is to return; undefined: the message is to be sent by itself */
  add(message, callback = fail) {
    if (!this.#isUsable || !process.connected || process._handleQueue || process._exiting) return undefined;
    // Node has errors for some of these.
    if (typeof message !== 'object' || message === null) return undefined;
    const time = now();
    if (time - this.#writtenAt > QUICK_MS) {
      this.#writtenAt = time;
      return undefined;
    }
    const line = JSON.stringify(message);
    if (line === undefined) return undefined;
    if (this.#lines === '') nextTick(() => this.flush());
    this.#lines += `${line}\n`;
    this.#callbacks.add(callback);
    return this.#lines.length < LIMIT || this.flush();
  }

  /** @returns false if the channel takes no more */
  flush() {
    if (this.#lines === '') return true;
    const [lines, callbacks] = [this.#lines, this.#callbacks];
    this.#lines = '';
    this.#callbacks = new Set();
    const written = (error) => {
      for (const callback of callbacks) callback(error);
    };
    this.#inPlace = lines;
    const takesMore = this.#post(PLACEHOLDER, undefined, undefined, written);
    if (this.#inPlace !== undefined) this.#notReplaced(lines);
    if (!takesMore && process.connected) this.#full();
    return takesMore;
  }

  #replaced(line) {
    const text = this.#inPlace ?? line;
    this.#inPlace = undefined;
    return text;
  }

  /** The channel is closed, or a version of Node writes in another way. */
  #notReplaced(lines) {
    this.#inPlace = undefined;
    if (!process.connected) return;
    this.#isUsable = false;
    for (const line of lines.split('\n').slice(0, -1)) this.#post(JSON.parse(line), undefined, undefined, () => {});
  }
}

module.exports = { Batch };
