'use strict';

// Messages whose `to` names nobody: they go to the app, which may know the name. Where it does not listen the name was most probably
// mistyped.

const { nearest } = require('../config/nearest');
const { ClusterWorker } = require('./worker');

const TARGETS = ['app', 'alone', 'worker'];
/** So many names are told, each once. */
const MOST_NAMES = 32;
const LONGEST_NAME = 40;

class Unheard {
  #log;
  #names = new Set();

  constructor(log) {
    this.#log = log;
  }

  /** `sender`: null for the app. */
  tell(sender, to) {
    const name = to.slice(0, LONGEST_NAME);
    if (this.#names.has(name) || this.#names.size === MOST_NAMES) return;
    this.#names.add(name);
    const near = nearest(name, TARGETS);
    const remedy = near ? `Did you mean '${near}'?` : "`to` is 'app', 'alone' or 'worker'.";
    const why = sender ? 'it went to the app, which does not listen for `message`' : 'there is no such process';
    const role = sender instanceof ClusterWorker ? 'worker' : 'alone';
    const whose = sender ? `the ${role} (pid ${sender.pid})` : 'the app';
    this.#log.warn(`nobody heard a message of ${whose} to ${JSON.stringify(name)}: ${why}. ${remedy} (Told once.)`);
  }
}

module.exports = { Unheard };
