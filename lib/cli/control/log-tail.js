'use strict';

// A log file as it is read: its end, and what comes, over files that were renamed meanwhile.

const fs = require('fs');

const CHUNK = 64 * 1024;
const NEWLINE = 0x0a;

class LogTail {
  #path;
  #keep;
  /** The file that was read last: `{ fd, ino, dev }`. */
  #file;
  #offset = 0;
  /** A line that has no end yet. */
  #rest = Buffer.alloc(0);

  /** `keep`: how many full files the cluster keeps beside it, as `path.1` and so on. */
  constructor(path, keep) {
    this.#path = path;
    this.#keep = keep;
    this.#file = open(path);
  }

  /** The last lines, of full files as well. What comes after them is `more()`. */
  last(count) {
    if (!this.#file) return this.#older(count, []);
    const { size } = fs.fstatSync(this.#file.fd);
    const { lines, end } = lastLines(this.#file.fd, size, count);
    this.#offset = end;
    return this.#older(count - lines.length, [this.#file]).concat(lines);
  }

  #older(count, seen) {
    let lines = [];
    for (let number = 1; number <= this.#keep && lines.length < count; number += 1) {
      const file = open(`${this.#path}.${number}`);
      if (!file) continue;
      // It may be renamed just now.
      if (!seen.some((other) => isSame(file, other))) {
        lines = lastLines(file.fd, fs.fstatSync(file.fd).size, count - lines.length).lines.concat(lines);
        seen.push(file);
      }
      fs.closeSync(file.fd);
    }
    return lines;
  }

  /** The lines that came since, in parts. */
  *more() {
    yield* this.#read();
    const found = stat(this.#path);
    if (!found) return;
    if (!this.#file) this.#begin(open(this.#path));
    else if (isSame(found, this.#file)) {
      // Somebody has emptied it (copytruncate).
      if (found.size < this.#offset) this.#offset = 0;
    } else {
      // As long as nothing is in the new one the old one may still be written to (logrotate).
      if (found.size === 0) return;
      yield* this.#read();
      yield* this.finish();
      for (const file of this.#since()) {
        this.#begin(file);
        yield* this.#read();
        yield* this.finish();
      }
    }
    yield* this.#read();
  }

  /** Those that are newer than the one that was read, the newest last. */
  #since() {
    const newer = [];
    const { nlink } = fs.fstatSync(this.#file.fd);
    let isFound = false;
    for (let number = 0; number <= this.#keep && !isFound; number += 1) {
      const file = open(number === 0 ? this.#path : `${this.#path}.${number}`);
      if (!file) continue;
      isFound = isSame(file, this.#file);
      if (isFound || newer.some((other) => isSame(file, other))) fs.closeSync(file.fd);
      else newer.unshift(file);
    }
    // It was renamed to something else: of the full ones none is new.
    if (!isFound && nlink > 0) for (const { fd } of newer.splice(0, newer.length - 1)) fs.closeSync(fd);
    return newer;
  }

  #begin(file) {
    if (this.#file && file) fs.closeSync(this.#file.fd);
    this.#file = file ?? this.#file;
    this.#offset = 0;
  }

  *#read() {
    if (!this.#file) return;
    const buffer = Buffer.alloc(CHUNK);
    for (;;) {
      const count = fs.readSync(this.#file.fd, buffer, 0, CHUNK, this.#offset);
      if (count === 0) return;
      this.#offset += count;
      const text = Buffer.concat([this.#rest, buffer.subarray(0, count)]);
      const end = text.lastIndexOf(NEWLINE) + 1;
      this.#rest = text.subarray(end);
      if (end > 0) yield linesOf(text.subarray(0, end));
    }
  }

  /** Nothing more comes. */
  *finish() {
    if (this.#rest.length > 0) yield [this.#rest.toString()];
    this.#rest = Buffer.alloc(0);
  }
}

const isSame = (one, other) => one.ino === other.ino && one.dev === other.dev;

function linesOf(text) {
  return text.toString().replace(/\n$/, '').split('\n');
}

/** Undefined: there is none. */
function open(path) {
  try {
    const fd = fs.openSync(path, fs.constants.O_RDONLY | fs.constants.O_NONBLOCK);
    const { ino, dev } = fs.fstatSync(fd);
    return { fd, ino, dev };
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
}

function stat(path) {
  return fs.statSync(path, { throwIfNoEntry: false });
}

/** Of what stands before `size`: `{ lines, end }`, where a line without an end is left for later. */
function lastLines(fd, size, count) {
  let begin = size;
  let text = Buffer.alloc(0);
  while (begin > 0 && newlines(text) <= count) {
    const length = Math.min(CHUNK, begin);
    const part = Buffer.alloc(length);
    begin -= length;
    fs.readSync(fd, part, 0, length, begin);
    text = Buffer.concat([part, text]);
  }
  const end = text.lastIndexOf(NEWLINE) + 1;
  const lines = end > 0 && count > 0 ? linesOf(text.subarray(0, end)).slice(-count) : [];
  return { lines, end: begin + end };
}

function newlines(text) {
  let count = 0;
  for (let at = text.indexOf(NEWLINE); at >= 0; at = text.indexOf(NEWLINE, at + 1)) count += 1;
  return count;
}

module.exports = { LogTail };
