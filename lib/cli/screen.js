'use strict';

const { createColors } = require('picocolors');
const { colorDepth } = require('../output/terminal');
const { cut } = require('./text');

/** Where a terminal doesn't tell its width. */
const USUAL_WIDTH = 80;
const ERASE_TO_END_OF_LINE = '\x1b[K';

/**
 * What is written to: lines that stay, and on a terminal one line that is drawn again and again. The children write to the
 * same terminal, and their lines cannot be seen from here: the cursor waits at the beginning of the live line, so that theirs
 * are written over it, and only from the cursor on is anything erased. It is short, so that little of it can stay visible
 * behind theirs.
 */
class Screen {
  #stream;
  #live = '';

  constructor(stream, env) {
    this.#stream = stream;
    this.isLive = Boolean(stream.isTTY) && env.TERM !== 'dumb';
    this.colors = createColors(colorDepth(stream, env) > 1);
    // Nobody reads any more (`| head`): that is no reason for the cluster to end.
    stream.on('error', () => {});
  }

  /** What goes to a file or a pipe has as much room as it needs. */
  get width() {
    return this.isLive ? this.#stream.columns || USUAL_WIDTH : Infinity;
  }

  print(...lines) {
    const live = this.#live;
    this.live('');
    this.#write(lines.map((line) => `${line}\n`).join(''));
    this.live(live);
  }

  /** Draws the live line; '' removes it. Nothing where there is no terminal. */
  live(text) {
    if (!this.isLive || text === this.#live) return;
    this.#live = text;
    // One column less: a full line would wrap.
    const shown = cut(text, this.width - 1);
    this.#write(`${ERASE_TO_END_OF_LINE}${text ? `${this.colors.dim(shown)}\r` : ''}`);
  }

  #write(text) {
    if (!this.#stream.destroyed) this.#stream.write(text);
  }
}

module.exports = { Screen };
