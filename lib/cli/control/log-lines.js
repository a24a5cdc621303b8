'use strict';

// The lines of an open file. Memory holds those that are asked for, or a part of one: nobody knows how long a line is.

const fs = require('fs');

const CHUNK = 64 * 1024;
/** A longer line comes in parts, as it came to the cluster (crates/protocol/src/blocks.rs). */
const LONGEST = 1024 * 1024;
const NEWLINE = 0x0a;

/** What was read, as lines. */
class Lines {
  /** Of a line that has no end yet. */
  #parts = [];
  #length = 0;

  /** The lines that are complete with it. */
  add(chunk) {
    const end = chunk.lastIndexOf(NEWLINE) + 1;
    const lines =
      end > 0
        ? this.#take(chunk.subarray(0, end - 1))
            .toString()
            .split('\n')
        : [];
    this.#keep(chunk.subarray(end));
    if (this.#length > LONGEST) lines.push(this.#cut());
    return lines;
  }

  /** The line that has no end: nothing more comes. */
  rest() {
    return this.#length > 0 ? [this.#take().toString()] : [];
  }

  #keep(part) {
    if (part.length === 0) return;
    // The chunk's memory is read into again.
    this.#parts.push(Buffer.from(part));
    this.#length += part.length;
  }

  #take(...more) {
    const whole = Buffer.concat([...this.#parts, ...more]);
    this.#parts = [];
    this.#length = 0;
    return whole;
  }

  #cut() {
    const whole = this.#take();
    const end = beforeCharacter(whole, LONGEST);
    this.#keep(whole.subarray(end));
    return whole.toString('utf8', 0, end);
  }
}

/** No character of UTF-8 has more than three bytes after its first. */
function beforeCharacter(text, at) {
  let begin = at;
  while (begin > at - 3 && (text[begin] & 0xc0) === 0x80) begin -= 1;
  return begin;
}

/** Of what stands from `begin` to `end`. Each is gone when the next one is read. */
function* chunks(fd, begin, end = Infinity) {
  const buffer = Buffer.alloc(CHUNK);
  for (let at = begin; at < end;) {
    const count = fs.readSync(fd, buffer, 0, Math.min(CHUNK, end - at), at);
    if (count === 0) return;
    at += count;
    yield buffer.subarray(0, count);
  }
}

/** Of what stands before `size`: `{ lines, end }`, where a line without an end is left for later. */
function lastLines(fd, size, count) {
  const { begin, end } = findLast(fd, size, count);
  const reading = new Lines();
  const lines = [];
  for (const chunk of chunks(fd, begin, end)) for (const line of reading.add(chunk)) lines.push(line);
  return { lines, end };
}

/** Of a file to which nothing more comes: what has no end is a line, too. */
function allLast(fd, count) {
  const { size } = fs.fstatSync(fd);
  const { lines, end } = lastLines(fd, size, count);
  const reading = new Lines();
  for (const chunk of chunks(fd, end, size)) lines.push(...reading.add(chunk));
  lines.push(...reading.rest());
  return lines.slice(Math.max(0, lines.length - count));
}

/** Where they begin and end. */
function findLast(fd, size, count) {
  const buffer = Buffer.alloc(CHUNK);
  let end = 0;
  let ends = 0;
  for (let from = size; from > 0;) {
    const length = Math.min(CHUNK, from);
    from -= length;
    let before = buffer.subarray(0, fs.readSync(fd, buffer, 0, length, from));
    for (let at = before.lastIndexOf(NEWLINE); at >= 0; at = before.lastIndexOf(NEWLINE)) {
      if (ends === 0) end = from + at + 1;
      if (ends === count) return { begin: from + at + 1, end };
      ends += 1;
      before = before.subarray(0, at);
    }
  }
  return { begin: 0, end };
}

module.exports = { Lines, allLast, chunks, lastLines };
