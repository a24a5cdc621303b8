'use strict';

// Load that goes on while something else happens.

const { fork } = require('node:child_process');
const { EventEmitter, once } = require('node:events');
const os = require('node:os');
const path = require('node:path');
const { sum } = require('../../lib/statistics');

const FAILURES = ['refused', 'cut', 'truncated', 'status', 'body'];

class Load extends EventEmitter {
  #processes;
  #counted = new Map();

  /** `connections`: how many of each kind, such as `{ keepalive: 32 }`, shared by as many processes as there are CPUs. */
  constructor(port, connections) {
    super();
    const count = os.availableParallelism();
    const each = Object.entries(connections).map(([kind, number]) => [kind, Math.ceil(number / count)]);
    const args = [String(port), JSON.stringify(Object.fromEntries(each))];
    const script = path.join(__dirname, 'steady.js');
    this.#processes = Array.from({ length: count }, () => fork(script, args, { execArgv: [] }));
    for (const process of this.#processes) {
      process.on('message', (counts) => {
        this.#counted.set(process, counts);
        this.emit('counted');
      });
      process.on('exit', () => this.emit('error', new Error('a load generator ended too early')));
    }
    // It is for those who wait; else `end` finds that nothing more is counted.
    this.on('error', () => {});
  }

  #all(name) {
    return this.#processes.map((process) => this.#counted.get(process)?.[name] ?? 0);
  }

  /** `{ requests, failed, hung, longest (ms), kinds }` up to now; `requests` are all, `kinds` how many failed in which way. */
  get counts() {
    const total = (name) => sum(this.#all(name));
    const kinds = Object.fromEntries(FAILURES.map((name) => [name, total(name)]).filter(([, number]) => number > 0));
    const failed = sum(Object.values(kinds));
    return {
      requests: total('requests'),
      failed,
      hung: total('hung'),
      longest: Math.max(...this.#all('longest')),
      kinds,
    };
  }

  /** Resolves when `holds(counts)`. */
  async until(holds) {
    while (!holds(this.counts)) await this.#next();
  }

  async #next() {
    if (this.#processes.some(({ connected }) => !connected)) throw new Error('a load generator ended too early');
    await once(this, 'counted');
  }

  /** Asks nothing more; resolves with the counts when everything was answered or given up. */
  async end() {
    for (const process of this.#processes) process.send('end');
    while (!this.#all('isOver').every(Boolean)) await this.#next();
    return this.counts;
  }

  kill() {
    for (const process of this.#processes) process.removeAllListeners('exit').kill('SIGKILL');
  }
}

/** Runs `work(load)` under load, from its first answers on. Resolves with `{ ...counts, result }`. */
async function underLoad(port, connections, work) {
  const load = new Load(port, connections);
  try {
    await load.until(({ requests }) => requests > 0);
    const result = await work(load);
    return { ...(await load.end()), result };
  } finally {
    load.kill();
  }
}

module.exports = { underLoad };
