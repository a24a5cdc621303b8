'use strict';

// One peer with its processes, from the start to the end.

const { spawn } = require('node:child_process');
const { randomUUID } = require('node:crypto');
const { once } = require('node:events');
const path = require('node:path');
const { setTimeout: sleep } = require('node:timers/promises');
const { processesWith } = require('../../__test__/e2e/support/processes');
const { Control } = require('./control');

const START_MS = 60_000;
const END_MS = 5000;
const POLL_MS = 50;

const MARK = 'BENCH_MESSAGES_SESSION';

const open = new Set();

function kill(pid) {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (err) {
    if (err.code !== 'ESRCH') throw err;
  }
}

/** Kills every process of every session that has not ended. */
function killAll() {
  for (const session of open) for (const { pid } of session.processes()) kill(pid);
}

class Session {
  /** Its processes inherit it: by it they are known, whatever becomes of their parents. */
  #mark = randomUUID();
  #control = new Control();
  #process;
  #ended;

  /** Starts `peer` with so many workers. */
  static async start(peer, workers) {
    const session = new Session(peer);
    await session.#start(workers);
    return session;
  }

  constructor(peer) {
    this.peer = peer;
  }

  async #start(workers) {
    const port = await this.#control.listen();
    const script = path.join(__dirname, 'peers', `${this.peer.name}.js`);
    open.add(this);
    this.#process = spawn(process.execPath, [script], {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, NODE_ENV: 'production', [MARK]: this.#mark, BENCH_CONTROL: port, BENCH_WORKERS: workers },
    });
    this.#ended = once(this.#process, 'exit');
    await this.#joined(workers).catch(async (err) => {
      await this.end();
      throw err;
    });
  }

  async #joined(workers) {
    const signal = AbortSignal.timeout(START_MS);
    const ended = this.#ended.then(([code, by]) => {
      throw new Error(`${this.peer.name} ended (code ${code}, signal ${by}) before it was ready`);
    });
    while (this.#control.remotes.length < workers + 2) {
      await Promise.race([once(this.#control, 'joined', { signal }), ended]);
    }
    const are = (wanted) => this.#control.remotes.filter(({ role }) => role === wanted);
    [this.app] = are('app');
    [this.alone] = are('alone');
    this.workers = are('worker');
  }

  processes() {
    return processesWith(`${MARK}=${this.#mark}`);
  }

  /** Ends it; resolves when no process of it is left. */
  async end() {
    this.#control.close();
    const deadline = Date.now() + END_MS;
    while (this.processes().length > 0 && Date.now() < deadline) await sleep(POLL_MS);
    for (const { pid, command } of this.processes()) {
      process.stderr.write(`${this.peer.name} left ${pid} (${command}): killed\n`);
      kill(pid);
    }
    await this.#ended;
    open.delete(this);
  }
}

module.exports = { Session, killAll };
