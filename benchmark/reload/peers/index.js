'use strict';

// A cluster that takes orders.

const fs = require('node:fs');
const path = require('node:path');
const { Subject } = require('../../lib/subject');
const { home } = require('../../http/peers');
const { freePort } = require('../../../__test__/e2e/support/free-port');

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

  constructor(script, config, env, { node = process.execPath } = {}) {
    super(script, config, env, { command: [node], stdin: 'pipe' });
    // Each order waits by a listener of its own.
    this.setMaxListeners(0);
    // It may end while something is written: `until` tells of the end.
    this.process.stdin.on('error', () => {});
    this.on('line', (line) => this.#onSteeredLine(line));
  }

  #onSteeredLine(line) {
    const { name, pid, at } = line;
    if (name === 'answer') this.#onAnswer(line);
    if (name === 'ready') this.appPid = pid;
    if (name === 'fork') this.forked.set(pid, at);
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

/** The file that everybody runs as their app: deploying a version is to write into it which one it loads. */
class Release {
  file = path.join(home(), 'app.js');

  constructor(version) {
    this.deploy(version);
  }

  deploy(version) {
    const target = path.join(__dirname, '../app', `${version}.js`);
    fs.writeFileSync(this.file, `'use strict';\n\nrequire(${JSON.stringify(target)});\n`);
  }
}

/** Starts a script of this folder (or of bench:http's), waits until it is ready, measures (`subject`, `port`), and ends it
 *  whatever happens. */
async function withCluster({ script, config, env, node }, measure) {
  const port = await freePort();
  const file = path.join(__dirname, `${script}.js`);
  const subject = new Steered(file, config, { PORT: String(port), PM2_HOME: home(), ...env }, { node });
  try {
    await subject.started();
    const measured = await measure(subject, port);
    if (subject.hasEnded) throw new Error('the cluster ended while it was measured');
    return measured;
  } finally {
    await subject.stop();
  }
}

module.exports = { Release, withCluster };
