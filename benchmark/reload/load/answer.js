'use strict';

const { BODY } = require('../../http/app/body');

const HEAD_END = '\r\n\r\n';

/** An answer of the app as it comes in. */
class Answer {
  #text = '';
  /** Whether the server closes the connection after it. */
  closes = false;

  /** What it is by now: 'truncated' (as long as more must come), 'good', 'status' or 'body' (a wrong one). */
  add(bytes) {
    this.#text += Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).latin1Slice();
    const headEnd = this.#text.indexOf(HEAD_END);
    if (headEnd < 0) return 'truncated';
    if (!this.#text.startsWith('HTTP/1.1 200 ')) return 'status';
    const head = this.#text.slice(0, headEnd);
    this.closes = /^connection: close$/im.test(head);
    const length = Number(/^content-length: (\d+)$/im.exec(head)?.[1]);
    const body = this.#text.slice(headEnd + HEAD_END.length);
    if (body.length < length) return 'truncated';
    return length === BODY.length && body === BODY ? 'good' : 'body';
  }
}

module.exports = { Answer };
