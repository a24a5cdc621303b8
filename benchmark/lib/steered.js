'use strict';

// A subject that takes orders (see orders.js).

const { Subject } = require('./subject');

/** PM2 waits for 3 s for each new worker, 4 workers, with load beside it. */
const PATIENCE_MS = 120_000;

class Steered extends Subject {
  #last = 0;
  #waiting = new Map();
  /** The process with the master, where it isn't the one that was started. */
  appPid;
  /** When each worker was forked, by pid. */
  forked = new Map();
  /** The pids of those that stand by. */
  standbys = new Set();
  /** How each worker ended that is gone, by pid: `{ at, code, signal }`. */
  ends = new Map();

  constructor(script, config, env, options = {}) {
    super(script, config, env, { ...options, stdin: 'pipe' });
    // Each order waits by a listener of its own.
    this.setMaxListeners(0);
    // It may end while something is written: `until` tells of the end.
    this.process.stdin.on('error', () => {});
    this.on('line', (line) => this.#onSteeredLine(line));
  }

  /** The pids of the workers that are alive, whether they listen or not. */
  get living() {
    return [...this.forked.keys()].filter((pid) => !this.ends.has(pid));
  }

  #onSteeredLine(line) {
    const { name, pid, at, code, signal } = line;
    if (name === 'answer') this.#onAnswer(line);
    if (name === 'ready') this.appPid = pid;
    if (name === 'fork') this.forked.set(pid, at);
    if (name === 'exit') this.ends.set(pid, { at, code, signal });
    if (name === 'standby') this.standbys.add(pid);
    if (name === 'listening' || name === 'exit') this.standbys.delete(pid);
  }

  #onAnswer(line) {
    const waiting = this.#waiting.get(line.id);
    if (!waiting) throw new Error(`an answer that nobody waits for: ${JSON.stringify(line)}`);
    waiting(line);
  }

  /** Resolves with the answer. */
  async order(order, argument) {
    this.#last += 1;
    const id = this.#last;
    let answer;
    this.#waiting.set(id, (line) => (answer = line));
    this.process.stdin.write(`${JSON.stringify({ id, order, argument })}\n`);
    if (!(await this.until(() => answer, PATIENCE_MS))) throw new Error(`${order}: no answer within ${PATIENCE_MS} ms`);
    this.#waiting.delete(id);
    if (answer.error) throw new Error(answer.error);
    return answer.value;
  }
}

module.exports = { Steered };
