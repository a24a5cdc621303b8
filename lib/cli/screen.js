'use strict';

const { createColors } = require('picocolors');
const { colorDepth } = require('../output/terminal');

/** Where a terminal doesn't tell its width. */
const USUAL_WIDTH = 80;

/**
 * What is written to: whole lines, each with one write. The children write to the same terminal, and what they write cannot be seen
 * from here: a line that is drawn again and again would be mixed with theirs.
 */
class Screen {
  #stream;

  constructor(stream, env) {
    this.#stream = stream;
    this.isTerminal = Boolean(stream.isTTY) && env.TERM !== 'dumb';
    this.colors = createColors(colorDepth(stream, env) > 1);
    // Nobody reads any more (`| head`): that is no reason for the cluster to end.
    stream.on('error', () => {});
  }

  /** What goes to a file or a pipe has as much room as it needs. */
  get width() {
    return this.isTerminal ? this.#stream.columns || USUAL_WIDTH : Infinity;
  }

  print(...lines) {
    if (!this.#stream.destroyed) this.#stream.write(lines.map((line) => `${line}\n`).join(''));
  }
}

module.exports = { Screen };
