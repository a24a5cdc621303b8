'use strict';

// A log file as it is read: its end, and what comes, over files that were renamed meanwhile.

const fs = require('fs');
const { ClusterError } = require('../../errors');
const { Lines, allLast, chunks, lastLines } = require('./log-lines');

const STDOUT = 1;
const STDERR = 2;

class LogTail {
  #path;
  #keep;
  /** The file that was read last: `{ fd, ino, dev }`. */
  #file;
  #offset = 0;
  #lines = new Lines();

  /** `keep`: how many full files the cluster keeps beside it, as `path.1` and so on. */
  constructor(path, keep) {
    this.#path = path;
    this.#keep = keep;
    this.#file = open(path);
  }

  /** Whether it is known to have been there already at that moment (`Date.now()`). Some file systems have no such times. */
  isOlderThan(time) {
    if (!this.#file) return false;
    const { birthtimeMs } = fs.fstatSync(this.#file.fd);
    return birthtimeMs > 0 && birthtimeMs < time;
  }

  /** The last lines, of full files as well. What comes after them is `more()`. */
  *last(count) {
    if (!this.#file) {
      yield this.#older(count, []);
      return;
    }
    const { size } = fs.fstatSync(this.#file.fd);
    const { lines, end } = lastLines(this.#file.fd, size, count);
    this.#offset = end;
    yield this.#older(count - lines.length, [this.#file]).concat(lines);
  }

  #older(count, seen) {
    let lines = [];
    for (let number = 1; number <= this.#keep && lines.length < count; number += 1) {
      const file = open(fullFile(this.#path, number));
      if (!file) continue;
      // It may be renamed just now.
      if (!seen.some((other) => isSame(file, other))) {
        lines = allLast(file.fd, count - lines.length).concat(lines);
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
      if (found.size < this.#offset) yield* this.#beginAnew();
    } else {
      // As long as nothing is in the new one the old one may still be written to (logrotate).
      if (found.size === 0) return;
      yield* this.#read();
      const newer = this.#since();
      if (newer.length === 0) yield* this.finish();
      for (const file of newer) {
        yield* this.finish();
        this.#begin(file);
        yield* this.#read();
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
      const file = open(number === 0 ? this.#path : fullFile(this.#path, number));
      if (!file) continue;
      isFound = isSame(file, this.#file);
      if (isFound || newer.some((other) => isSame(file, other))) fs.closeSync(file.fd);
      else newer.unshift(file);
    }
    // It was renamed to something else: of the full ones none is new.
    if (!isFound && nlink > 0) for (const { fd } of newer.splice(0, newer.length - 1)) fs.closeSync(fd);
    return newer;
  }

  /** Somebody has emptied it (copytruncate), and half a line may be lost. */
  *#beginAnew() {
    yield* this.finish();
    this.#offset = 0;
  }

  #begin(file) {
    if (this.#file && file) fs.closeSync(this.#file.fd);
    this.#file = file ?? this.#file;
    this.#offset = 0;
  }

  *#read() {
    if (!this.#file) return;
    for (const chunk of chunks(this.#file.fd, this.#offset)) {
      this.#offset += chunk.length;
      yield this.#lines.add(chunk);
    }
  }

  /** Nothing more comes. */
  *finish() {
    yield this.#lines.rest();
  }
}

const isSame = (one, other) => one.ino === other.ino && one.dev === other.dev;

/** They are beside what is written to, where a link leads to it (crates/master/src/output/log_file.rs). */
function fullFile(path, number) {
  let target = path;
  try {
    target = fs.realpathSync(path);
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
  }
  return `${target}.${number}`;
}

/** Undefined: there is none. */
function open(path) {
  const other = notAFile(path);
  if (other) throw other;
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

/** The error for what is no regular file. It is not opened to find that out: a pipe would take its opener for a reader. */
function notAFile(path) {
  const found = stat(path);
  const kind = found && otherKind(found);
  if (!kind) return undefined;
  const why = `${path} is ${kind}, not a file whose lines can be read again. Read the output where it leads to.`;
  return new ClusterError('ERR_OUTPUT_FILE', why);
}

function otherKind(found) {
  if (found.isDirectory()) return 'a directory';
  if (found.isFIFO()) return 'a pipe';
  if (found.isSocket()) return 'a socket';
  if (!found.isFile()) return 'a device';
  // The cluster's /dev/stdout is not the one of this process, which would read for ever what it writes.
  const isOwn = [STDOUT, STDERR].some((fd) => isSame(fs.fstatSync(fd), found));
  return isOwn ? 'what this command writes to' : undefined;
}

module.exports = { LogTail, notAFile };
