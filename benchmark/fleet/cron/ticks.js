'use strict';
// Who is at the job, and which ticks came: of each series (the alone, the random worker).

const fs = require('node:fs');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');
const readline = require('node:readline');

/** A tick this close to the beginning or the end of a connection may be missing. */
const EDGE_MS = 250;

class Ticks {
  #folder = fs.mkdtempSync(path.join(os.tmpdir(), 'bench-ticks-'));
  #server;
  #series = new Map();

  get path() {
    return path.join(this.#folder, 'socket');
  }

  async open() {
    this.#server = net.createServer((socket) => this.#attend(socket));
    await new Promise((resolve) => this.#server.listen(this.path, resolve));
    return this;
  }

  #attend(socket) {
    socket.on('error', () => {});
    const term = { begin: Date.now(), end: Infinity };
    let series;
    readline.createInterface({ input: socket }).on('line', (line) => {
      if (series) series.ticks.set(Number(line), (series.ticks.get(Number(line)) ?? 0) + 1);
      else {
        series = this.#of(line);
        series.terms.push(term);
      }
    });
    socket.once('close', () => (term.end = Date.now()));
  }

  #of(name) {
    if (!this.#series.has(name)) this.#series.set(name, { ticks: new Map(), terms: [] });
    return this.#series.get(name);
  }

  /** From one second to another. */
  judge(name, from, to) {
    const { ticks, terms } = this.#of(name);
    const result = { seconds: to - from, once: 0, twice: 0, withoutHolder: 0, missed: 0, holders: terms.length };
    for (let second = from; second < to; second += 1) {
      const count = ticks.get(second) ?? 0;
      const at = second * 1000;
      const hadHolder = terms.some(({ begin, end }) => begin + EDGE_MS < at && at + EDGE_MS < end);
      if (count === 1) result.once += 1;
      else if (count > 1) result.twice += 1;
      else if (hadHolder) result.missed += 1;
      else result.withoutHolder += 1;
    }
    return result;
  }

  close() {
    this.#server.close();
    fs.rmSync(this.#folder, { recursive: true });
  }
}

module.exports = { Ticks };
