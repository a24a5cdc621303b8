'use strict';

// The app process, and its cluster as the events tell it.

const { fork } = require('node:child_process');
const { randomUUID } = require('node:crypto');
const { EventEmitter, once } = require('node:events');
const path = require('node:path');
const { processesWith } = require('../../__test__/e2e/support/processes');
const { countProcesses, countFds } = require('./proc');

class Subject extends EventEmitter {
  #mark = `CHAOS_RUN=${randomUUID()}`;

  /** `logs`: the folder of the workers' logs; `stderr`: an fd. */
  constructor(config, { logs, stderr }) {
    super();
    this.count = config.count;
    /** The living workers by pid: `{ pid, slot, listening, fault }`. */
    this.workers = new Map();
    this.alone = null;
    this.forks = 0;
    this.hangs = 0;
    /** How many workers ended for which reason. */
    this.ends = new Map();
    const [name, value] = this.#mark.split('=');
    this.process = fork(path.join(__dirname, 'app.js'), [JSON.stringify(config)], {
      stdio: ['ignore', stderr, stderr, 'ipc'],
      env: { ...process.env, CHAOS_LOGS: logs, [name]: value },
    });
    this.exited = once(this.process, 'exit');
    this.process.on('message', (message) => this.#on(message));
  }

  #on({ name, child, port, message }) {
    if (name === 'fork') {
      this.forks += 1;
      this.workers.set(child.pid, { pid: child.pid, slot: child.slot, listening: false });
      this.emit('fork', child.pid);
    } else if (name === 'listening') {
      this.port = port;
      this.workers.get(child.pid).listening = true;
    } else if (name === 'hang') {
      this.hangs += 1;
    } else if (name === 'exit') {
      this.workers.delete(child.pid);
      this.ends.set(child.exitReason, (this.ends.get(child.exitReason) ?? 0) + 1);
    } else if (name === 'aloneReady') this.alone = child.pid;
    else if (name === 'aloneExit') this.alone = null;
    else if (name === 'exception') this.exception = message;
    this.emit('change', name);
  }

  /** Resolves with true when `holds()`, which each event may bring about, with false after `patience` ms. */
  async #until(holds, what, patience) {
    const signal = AbortSignal.timeout(patience);
    const ended = this.exited.then(([code, by]) => {
      throw new Error(`the app ended (code ${code}, signal ${by}) before ${what}`);
    });
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

  started(patience) {
    let isStarted = false;
    this.on('change', (name) => (isStarted ||= name === 'started'));
    return this.#until(() => isStarted, 'the cluster was ready', patience);
  }

  /** Everybody that a fault had hit is gone, and every slot and the alone serve. */
  settled(patience) {
    const isWell = ({ listening, fault }) => listening && !fault;
    const holds = () => this.workers.size === this.count && [...this.workers.values()].every(isWell) && this.alone;
    return this.#until(holds, 'the cluster had recovered', patience);
  }

  order(pid, order) {
    this.process.send({ pid, order });
  }

  /** The pids of the living workers. */
  get living() {
    return [...this.workers.keys()];
  }

  pids() {
    return processesWith(this.#mark).map(({ pid }) => pid);
  }

  processes() {
    return countProcesses(this.#mark, this.process.pid);
  }

  fds() {
    return countFds(this.process.pid);
  }

  /** SIGTERM; resolves with the app's exit code. */
  async close() {
    this.process.kill('SIGTERM');
    const [code, signal] = await this.exited;
    return code ?? signal;
  }

  kill() {
    this.process.kill('SIGKILL');
  }
}

module.exports = { Subject };
