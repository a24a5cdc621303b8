'use strict';

const fs = require('node:fs');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');
const readline = require('node:readline');

const now = () => Number(process.hrtime.bigint()) / 1e6;

/** `[bucket, revision]` */
const parts = (token) => token.split('.').map(BigInt);

const isHigher = (token, other) => {
  const [[bucket, revision], [otherBucket, otherRevision]] = [parts(token), parts(other)];
  return bucket > otherBucket || (bucket === otherBucket && revision > otherRevision);
};

/** Something that is written to, and checks the token: it refuses any that is lower than one that it has seen. */
class Resource {
  #folder = fs.mkdtempSync(path.join(os.tmpdir(), 'bench-fleet-'));
  #server;
  #waiting = [];
  highest;
  /** By token: when it was first and last written with, how long the longest pause was, and how many writes were refused. */
  tenures = new Map();

  async open() {
    this.path = path.join(this.#folder, 'resource');
    this.#server = net.createServer((socket) => {
      socket.on('error', () => {});
      readline.createInterface({ input: socket }).on('line', (token) => this.#written(token));
    });
    await new Promise((resolve) => this.#server.listen(this.path, resolve));
    return this;
  }

  #written(token) {
    const at = now();
    if (!this.tenures.has(token)) this.tenures.set(token, { token, first: at, last: at, pause: 0, refused: 0 });
    const tenure = this.tenures.get(token);
    if (this.highest === undefined || isHigher(token, this.highest)) this.highest = token;
    if (token !== this.highest) {
      tenure.refused += 1;
      return;
    }
    tenure.pause = Math.max(tenure.pause, at - tenure.last);
    tenure.last = at;
    this.#waiting = this.#waiting.filter(({ after, resolve }) => token === after || resolve(tenure));
  }

  /** The tenure that comes after this one, when it has written. */
  next(after) {
    if (this.highest !== after) return this.tenures.get(this.highest);
    return new Promise((resolve) => this.#waiting.push({ after, resolve: (tenure) => void resolve(tenure) }));
  }

  close() {
    this.#server.close();
    fs.rmSync(this.#folder, { recursive: true });
  }
}

module.exports = { Resource, now };
