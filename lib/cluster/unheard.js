'use strict';

// Messages whose `to` is the name of nobody: they go to the app, which may know the name (document, 'message fields'). Where it does not
// listen, the name was most probably mistyped.

const { nearest } = require('../config/nearest');

const TARGETS = ['app', 'alone', 'worker'];
/** Of so many names it is said, each once. */
const MOST_NAMES = 32;
const LONGEST_NAME = 40;

class Unheard {
  #log;
  #names = new Set();

  constructor(log) {
    this.#log = log;
  }

  /** Nobody heard this message; `sender`: undefined for the app. */
  message(sender, { to }) {
    if (typeof to !== 'string' || TARGETS.includes(to) || this.#names.has(to) || this.#names.size === MOST_NAMES) return;
    this.#names.add(to);
    const name = JSON.stringify(to.length > LONGEST_NAME ? `${to.slice(0, LONGEST_NAME)}…` : to);
    const near = nearest(to.slice(0, LONGEST_NAME), TARGETS);
    const remedy = near ? `Did you mean '${near}'?` : `\`to\` is 'app', 'alone' or 'worker'.`;
    const why = sender ? 'it went to the app, which does not listen for `message`' : 'there is no such process';
    const whose = sender ? `the ${sender.role} (pid ${sender.pid})` : 'the app';
    this.#log.warn(`a message of ${whose} to ${name} was heard by nobody: ${why}. ${remedy} (told once)`);
  }
}

module.exports = { Unheard };
