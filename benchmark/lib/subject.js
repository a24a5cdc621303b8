'use strict';

// A cluster that is measured: a start script as a process of its own. It prints lines of JSON:
//   {"name":"listening","pid":…,"at":…}   a worker listens; `at`: Date.now() at that moment
//   {"name":"fork","pid":…,"at":…}        a worker was forked
//   {"name":"exit","pid":…,"at":…,"code":…,"signal":…}   a worker is gone
//   {"name":"ready","at":…}               all of them listen
// and others, which are told as the event 'line'.
// Everything that it starts inherits a mark in the environment, so that nothing is left whatever happens to parents.

const { spawn } = require('node:child_process');
const { randomUUID } = require('node:crypto');
const { EventEmitter, once } = require('node:events');
const readline = require('node:readline');
const { setTimeout: sleep } = require('node:timers/promises');
const { processesWith } = require('../../__test__/e2e/support/processes');
const { cpuTime, memory } = require('./proc');
const { sum } = require('./statistics');

const MARK = 'CLUSTER_NATIVE_BENCHMARK';
/** The first descriptor behind stderr. */
const LINES_FD = 3;
/** How much of a failed subject's output is told. */
const OUTPUT_BYTES = 4000;
const POLL_MS = 20;

const alive = new Set();
let isInterrupted = false;

class Subject extends EventEmitter {
  #mark = randomUUID();
  #output = '';

  /** `command` runs the script, if it isn't this Node alone; `stdin`, `cwd`: as in child_process. With `ownStdout` its stdout
   *  is for whoever made this to read, and its lines come on a pipe of their own. */
  constructor(
    script,
    config,
    env = {},
    { command = [process.execPath], stdin = 'ignore', cwd, ownStdout = false } = {},
  ) {
    super();
    if (isInterrupted) throw new Error('interrupted');
    /** When each living, listening worker began to listen, by pid. */
    this.workers = new Map();
    this.startedAt = Date.now();
    alive.add(this);
    const [file, ...args] = command;
    this.process = spawn(file, [...args, script, JSON.stringify(config)], {
      stdio: [stdin, 'pipe', 'pipe', ...(ownStdout ? ['pipe'] : [])],
      cwd,
      env: {
        ...process.env,
        NODE_ENV: 'production',
        ...env,
        ...(ownStdout && { CLUSTER_NATIVE_BENCHMARK_FD: String(LINES_FD) }),
        [MARK]: this.#mark,
      },
    });
    const lines = ownStdout ? this.process.stdio[LINES_FD] : this.process.stdout;
    this.process.stderr.setEncoding('utf8').on('data', (text) => this.#remember(text));
    readline.createInterface({ input: lines }).on('line', (line) => this.#onLine(line));
    this.exited = once(this.process, 'exit');
  }

  get pid() {
    return this.process.pid;
  }

  /** What everything that it started has in its environment. */
  get mark() {
    return `${MARK}=${this.#mark}`;
  }

  get hasEnded() {
    return this.process.exitCode !== null || this.process.signalCode !== null;
  }

  #remember(text) {
    this.#output = (this.#output + text).slice(-OUTPUT_BYTES);
  }

  #onLine(line) {
    // Supervisors and workers write to the same stdout.
    if (!line.startsWith('{"name":')) return this.#remember(`${line}\n`);
    const parsed = JSON.parse(line);
    const { name, pid, at } = parsed;
    if (name === 'listening') this.workers.set(pid, at);
    if (name === 'exit') this.workers.delete(pid);
    if (name === 'ready') this.readyAt = at;
    this.emit('line', parsed);
    this.emit('change');
  }

  /** Resolves with true when `holds()`, which a line may bring about, with false after `patience` ms. */
  async until(holds, patience) {
    const signal = AbortSignal.timeout(patience);
    const ended = this.exited.then(([code, by]) => {
      throw new Error(`the subject ended (code ${code}, signal ${by}):\n${this.#output}`);
    });
    // It is to be raced only while there is something to wait for.
    ended.catch(() => {});
    while (!holds()) {
      try {
        await Promise.race([once(this, 'change', { signal }), ended]);
      } catch (err) {
        if (err.name === 'AbortError') return false;
        throw err;
      }
    }
    return true;
  }

  async started(patience = 30_000) {
    if (!(await this.until(() => this.readyAt !== undefined, patience))) {
      throw new Error(`the subject was not ready within ${patience} ms:\n${this.#output}`);
    }
    return this;
  }

  pids() {
    return processesWith(this.mark).map(({ pid }) => pid);
  }

  /** CPU time of all its processes up to now, in ms. */
  cpuTime() {
    return sum(this.pids().map(cpuTime));
  }

  /** `{ rss, pss }` of all its processes, in KiB. */
  memory() {
    const all = this.pids().map(memory);
    return { rss: sum(all.map(({ rss }) => rss)), pss: sum(all.map(({ pss }) => pss)) };
  }

  /** Ends it at once, with all that it started; resolves when nothing is left. */
  async stop() {
    // First the one that would fork anew.
    this.process.kill('SIGKILL');
    for (let pids = this.pids(); pids.length > 0; pids = this.pids()) {
      for (const pid of pids) kill(pid);
      await sleep(POLL_MS);
    }
    alive.delete(this);
  }

  /** For Ctrl-C: ends all that runs; nothing can be started any more. */
  static async interrupt() {
    isInterrupted = true;
    await Promise.all([...alive].map((subject) => subject.stop()));
  }

  static get isInterrupted() {
    return isInterrupted;
  }
}

/** SIGKILL; false if it is gone. */
function kill(pid) {
  try {
    return process.kill(pid, 'SIGKILL');
  } catch (err) {
    if (err.code === 'ESRCH') return false;
    throw err;
  }
}

module.exports = { Subject, kill };
