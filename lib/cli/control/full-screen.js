'use strict';

// A terminal as one page that is drawn again and again. What was on it before is there again afterwards.

const BEGIN = '\x1b[?1049h\x1b[?25l';
const END = '\x1b[?25h\x1b[?1049l';
const HOME = '\x1b[H';
const REST_OF_LINE = '\x1b[K';
const REST_OF_SCREEN = '\x1b[J';

/** As a terminal in raw mode gives it. */
const CTRL_C = '\x03';
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'];

const USUAL_HEIGHT = 24;

class FullScreen {
  #input;
  #output;
  #end = new AbortController();
  #lines = () => [];
  #stop = () => this.#end.abort();
  #draw = () => this.#write();
  #key = (text) => {
    if (text.includes('q') || text.includes('Q') || text.includes(CTRL_C)) this.#stop();
  };

  constructor(input, output) {
    this.#input = input;
    this.#output = output;
    for (const name of SIGNALS) process.on(name, this.#stop);
    // The terminal is gone.
    output.on('error', this.#stop);
    output.on('resize', this.#draw);
    if (input.isTTY) {
      input.setRawMode(true);
      input.setEncoding('utf8');
      input.on('data', this.#key);
      input.on('end', this.#stop);
    }
    output.write(BEGIN);
  }

  /** Aborted once whoever looks has enough. */
  get ended() {
    return this.#end.signal;
  }

  /** `lines`: those for the terminal as it is then. */
  show(lines) {
    this.#lines = lines;
    this.#draw();
  }

  #write() {
    const height = this.#output.rows || USUAL_HEIGHT;
    const lines = this.#lines();
    // The last line stays free, so that nothing scrolls.
    const most = height - 1;
    const shown = lines.length > most ? [...lines.slice(0, most - 1), `… ${lines.length - most + 1} more`] : lines;
    // Before the line: behind one that is as wide as the terminal its last character would go.
    this.#output.write(HOME + shown.map((line) => `${REST_OF_LINE}${line}\n`).join('') + REST_OF_SCREEN);
  }

  close() {
    for (const name of SIGNALS) process.off(name, this.#stop);
    this.#output.off('resize', this.#draw);
    if (this.#input.isTTY) {
      this.#input.setRawMode(false);
      this.#input.off('data', this.#key);
      this.#input.pause();
    }
    this.#output.write(END);
  }
}

module.exports = { FullScreen };
