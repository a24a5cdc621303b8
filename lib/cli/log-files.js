'use strict';

// What the alone and the workers print goes to files.

const fs = require('fs');
const path = require('path');
const { invalid } = require('../config/check');
const { write } = require('../output/terminal');

/** What of the logs each is by. */
const OPTIONS = { stdout: 'out_file', stderr: 'error_file', all: 'log_file' };

/** Appends, with calls that wait: while the disk is behind so are those who print, and nothing piles up here. */
class LogFiles {
  #logs;
  #open = new Map();
  #failed = new Set();

  /** `logs`: { stdout, stderr, all, isShared }. */
  constructor(logs) {
    this.#logs = logs;
    // What can't be written to is known before anything runs.
    for (const [which, option] of Object.entries(OPTIONS)) if (logs[which]) this.#check(logs[which], option);
  }

  take(child, text, stream) {
    const files = this.#filesOf(child, stream);
    const isWritten = files.map((file) => this.#append(file, text));
    // A stream that has no file, or whose files cannot be written to.
    if (!isWritten.includes(true)) write(stream, text);
  }

  /** Files that were renamed meanwhile (logrotate) are left, and begun anew. */
  reopen() {
    for (const descriptor of this.#open.values()) fs.closeSync(descriptor);
    this.#open.clear();
    this.#failed.clear();
  }

  #filesOf(child, stream) {
    return [this.#logs[stream], this.#logs.all].filter(Boolean).map((file) => this.#fileOf(child, file));
  }

  #fileOf({ slot }, file) {
    return this.#logs.isShared || slot === undefined ? file : numbered(file, slot - 1);
  }

  #check(file, option) {
    try {
      this.#descriptor(this.#fileOf({ slot: 1 }, file));
    } catch (error) {
      throw invalid(option, file, 'a file that can be written', `${error.message}.`);
    }
  }

  #descriptor(file) {
    if (!this.#open.has(file)) {
      fs.mkdirSync(path.dirname(file), { recursive: true });
      this.#open.set(file, fs.openSync(file, 'a'));
    }
    return this.#open.get(file);
  }

  #append(file, text) {
    try {
      fs.appendFileSync(this.#descriptor(file), text);
      return true;
    } catch (error) {
      this.#tell(file, error);
      return false;
    }
  }

  /** Once, until it is opened again. */
  #tell(file, { message }) {
    if (this.#failed.has(file)) return;
    this.#failed.add(file);
    write('stderr', `cluster-native: ${file} cannot be written, its lines come here: ${message}\n`);
  }
}

/** `out.log` of worker 1 is `out-0.log`, as PM2 has it, which counts from 0. */
function numbered(file, instance) {
  return file.replace(/(?:-\d+)?\.log$/, `-${instance}.log`);
}

module.exports = { LogFiles };
