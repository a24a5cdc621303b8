'use strict';

// Who is compared, and how each is started and ended.

const { once } = require('node:events');
const fs = require('node:fs');
const path = require('node:path');
const { home } = require('../../lib/home');
const { Steered } = require('../../lib/steered');
const { freePort } = require('../../../__test__/e2e/support/free-port');

const APP = path.join(__dirname, '../app/server.js');
const RELOAD_PEERS = path.join(__dirname, '../../reload/peers');

const versionIn = (folder, name) => {
  const file = path.join(__dirname, '../..', folder, 'node_modules', name, 'package.json');
  return JSON.parse(fs.readFileSync(file, 'utf8')).version;
};

/** `config(workers, out)`: what the start script understands; `out`: a file for the workers' stdout, where a peer keeps that in
 *  one. `stops`: it has an order for that; the others get SIGTERM. */
const PEERS = [
  {
    name: 'cluster-native',
    label: () => 'cluster-native',
    script: path.join(RELOAD_PEERS, 'cluster-native.js'),
    config: (workers) => ({ cluster: { exec: APP, count: workers } }),
    reloads: true,
  },
  {
    name: 'node-cluster',
    label: () => 'node:cluster',
    script: path.join(__dirname, 'node-cluster.js'),
    config: (workers) => ({ app: APP, workers }),
  },
  {
    name: 'pm2',
    label: () => `PM2 ${versionIn('http', 'pm2')}`,
    script: path.join(RELOAD_PEERS, 'pm2.js'),
    config: (workers, out) => ({ app: APP, workers, out }),
    reloads: true,
    stops: true,
    keepsOutput: true,
  },
  {
    name: 'egg',
    label: () => `egg ${versionIn('endings', 'egg')} (egg-cluster ${versionIn('endings', 'egg-cluster')})`,
    script: path.join(__dirname, 'egg.js'),
    config: (workers) => ({ workers }),
  },
];

/** A peer that runs, and what its workers wrote down. */
class Run {
  constructor(peer, subject, port, { notes, out }) {
    this.peer = peer;
    this.subject = subject;
    this.port = port;
    this.notesFile = notes;
    /** Where the workers' stdout is, if it doesn't come through the pipe. */
    this.outFile = peer.keepsOutput ? out : null;
  }

  /** `{ pid, what }` of each note up to now. */
  get notes() {
    const lines = fs.readFileSync(this.notesFile, 'utf8').split('\n').filter(Boolean);
    return lines.map((line) => ({ pid: Number.parseInt(line, 10), what: line.slice(line.indexOf(' ') + 1) }));
  }

  /** Resolves when none of the workers of before is left: `{ pids, took (ms), isOver }`. */
  async reload(patience) {
    const pids = this.subject.living;
    const from = performance.now();
    const report = await this.subject.order('reload');
    if (report && !report.ok) throw new Error(`a reload was given up: ${report.error}`);
    const isOver = await this.subject.until(() => pids.every((pid) => this.subject.ends.has(pid)), patience);
    return { pids, took: performance.now() - from, isOver };
  }

  /** As reload(), of all workers and for good. */
  async stop(patience) {
    const pids = this.subject.living;
    const from = performance.now();
    const isOver = await (this.peer.stops ? this.#order(patience) : this.#signal(patience));
    return { pids, took: performance.now() - from, isOver };
  }

  async #order(patience) {
    await this.subject.order('stop');
    return this.subject.until(() => this.subject.living.length === 0, patience);
  }

  async #signal(patience) {
    // Until then everything that it told was read.
    const closed = once(this.subject.process, 'close', { signal: AbortSignal.timeout(patience) });
    process.kill(this.subject.pid, 'SIGTERM');
    return closed.then(
      () => true,
      () => false,
    );
  }
}

/** Starts a peer, waits until all workers listen, measures (a Run), and ends it whatever happens. */
async function withPeer(peer, { workers, handler = '', ownStdout = false }, measure) {
  const folder = home();
  const [notes, out] = ['notes', 'out'].map((name) => path.join(folder, name));
  fs.writeFileSync(notes, '');
  const port = await freePort();
  const env = { PORT: String(port), PM2_HOME: folder, EGG_HOME: folder, HOME: folder, NOTES: notes, HANDLER: handler };
  const subject = new Steered(peer.script, peer.config(workers, out), env, { ownStdout });
  try {
    await subject.started();
    return await measure(new Run(peer, subject, port, { notes, out }));
  } finally {
    await subject.stop();
  }
}

module.exports = { PEERS, withPeer };
