'use strict';

const { addressText, banner } = require('./banner');
const lines = require('./lines');
const { Processes } = require('./processes');
const { table } = require('./table');

/** After the last change of a burst; longer while processes are still on their way. */
const QUIET_MS = 200;
const UNSETTLED_MS = 5000;

/** Why the alone may have ended without that anything is wrong. */
const ASKED = ['reload', 'shutdown'];

/** Shows a cluster: on a terminal with a live line and the table again after changes, elsewhere with a line for each event and
 *  the table once. It is told what happens by the cluster's public events. */
class Display {
  #cluster;
  #screen;
  /** Of the configuration: mode (as it is shown), ready, watched, awaitsChanges. */
  #config;
  #now;
  #processes;
  #addresses = new Set();
  #reasons = new Set();
  /** Whether a process crashed since files changed: the log said so, and that nothing runs until the next change. */
  #isCrashTold = false;
  /** starting → running; → stopping */
  #phase = 'starting';
  #timer;
  /** The table that was printed last. */
  #shown = '';

  constructor(cluster, screen, config, now = Date.now) {
    this.#cluster = cluster;
    this.#screen = screen;
    this.#config = config;
    this.#now = now;
    this.#processes = new Processes(cluster.title, process.pid, now());
    this.#listen();
    this.#screen.live(this.#liveText());
  }

  /** A signal came that ends the cluster. */
  stopping(name) {
    this.#stop();
    const isAnyThere = this.#cluster.workers.size > 0 || this.#cluster.alone;
    this.#say(isAnyThere ? lines.signalled(name) : lines.signalledIdle(name));
    this.#screen.live(this.#liveText());
  }

  #stop() {
    this.#phase = 'stopping';
    clearTimeout(this.#timer);
  }

  #listen() {
    const on = (name, listener) =>
      this.#cluster.on(name, (...args) => {
        listener(...args);
        this.#changed();
      });
    on('fork', (worker) => {
      this.#processes.forked('worker', worker);
      this.#detail(lines.boots(worker));
    });
    on('online', (worker) => this.#config.ready === 'online' && this.#ready('worker', worker));
    on('listening', (worker, address) => {
      this.#addresses.add(addressText(address));
      if (this.#config.ready === 'listening') this.#ready('worker', worker);
    });
    on('standby', (worker) => {
      this.#processes.standsBy(worker, this.#now());
      this.#detail(lines.standsBy(worker));
    });
    on('aloneReady', (alone) => {
      this.#processes.forked('alone', alone);
      this.#ready('alone', alone);
    });
    on('exit', (worker, code, signal) => this.#ended('worker', worker, code, signal, worker.exitedAfterDisconnect));
    on('aloneExit', (alone, code, signal) =>
      this.#ended('alone', alone, code, signal, ASKED.includes(alone.exitReason)),
    );
    on('crash', () => {
      this.#isCrashTold = true;
      this.#processes.waitForChange();
    });
    on('change', (files) => {
      this.#isCrashTold = false;
      this.#say(lines.changed(files));
    });
    on('reload', (report) => {
      // That the cluster is closed is told anyway.
      const isTold = !report.ok && (this.#isCrashTold || report.reason === 'closed');
      if (!isTold) this.#say(lines.reloaded(report));
    });
    on('hang', (worker, evidence) => this.#say(lines.hangs(worker, evidence)));
    on('reachReforkLimit', (slot) => this.#say(lines.givenUp(slot)));
    on('protocolError', (_child, error) => this.#say(error.message));
    on('undeliverable', (_from, _message, reason) => this.#undeliverable(reason));
    on('ready', () => this.#becomeReady());
    this.#cluster.on('close', () => this.#close());
  }

  #ready(type, child) {
    const after = this.#processes.ready(child, this.#now());
    if (after !== undefined) this.#detail(lines.ready(type, child, after));
  }

  #ended(type, child, code, signal, expected) {
    if (child.exitReason === 'shutdown') this.#stop();
    const isCrash = this.#config.awaitsChanges && !expected && !(type === 'alone' && this.#processes.isReady(child));
    this.#processes.ended(child, { code, signal, expected });
    if (isCrash) return; // the log tells more
    const line = lines.ended(type, child, code, signal);
    if (expected) this.#detail(line);
    else this.#say(line);
  }

  #undeliverable(reason) {
    if (this.#reasons.has(reason)) return;
    this.#reasons.add(reason);
    this.#say(lines.undeliverable(reason));
  }

  #becomeReady() {
    const now = this.#now();
    this.#phase = 'running';
    this.#processes.appReady(now);
    this.#screen.live('');
    const rows = this.#processes.rows();
    const facts = {
      title: this.#cluster.title,
      mode: this.#config.mode,
      workers: this.#processes.slots().total,
      pid: process.pid,
      readyAfter: rows[0].readyAfter,
      addresses: [...this.#addresses],
      watched: this.#config.watched,
    };
    this.#screen.print(...banner(facts, this.#screen));
    this.#printTable();
  }

  #changed() {
    // Its fork is no event.
    if (this.#cluster.alone) this.#processes.forked('alone', this.#cluster.alone);
    this.#screen.live(this.#liveText());
    if (this.#phase !== 'running' || !this.#screen.isLive) return;
    this.#printAfter(this.#processes.isSettled() ? QUIET_MS : UNSETTLED_MS);
  }

  /** Not yet, if by then something is on its way of which no event tells. */
  #printAfter(pause) {
    clearTimeout(this.#timer);
    const isLast = () => pause === UNSETTLED_MS || this.#processes.isSettled();
    this.#timer = setTimeout(() => (isLast() ? this.#printAgain() : this.#printAfter(UNSETTLED_MS)), pause).unref();
  }

  #printAgain() {
    if (this.#cluster.stats().workers.starting === 0) this.#processes.allReady();
    this.#printTable();
    this.#screen.live(this.#liveText());
  }

  #liveText() {
    if (this.#phase === 'stopping') return `stopping, ${this.#cluster.workers.size} left`;
    if (this.#phase === 'running' && this.#processes.isSettled()) return '';
    const { ready, total } = this.#processes.slots();
    return total > 0 ? `${ready}/${total} workers ready` : 'starting';
  }

  #printTable() {
    const rows = this.#processes.rows();
    const text = table(rows, this.#screen).join('\n');
    if (text === this.#shown) return;
    this.#shown = text;
    this.#screen.print(text);
  }

  /** What is shown everywhere. */
  #say(line) {
    this.#screen.print(`${this.#screen.colors.bold(`${this.#cluster.title}:`)} ${line}`);
  }

  /** What the live line and the table show where there is a terminal. */
  #detail(line) {
    if (!this.#screen.isLive) this.#say(line);
  }

  #close() {
    clearTimeout(this.#timer);
    this.#screen.live('');
    if (this.#shown) this.#say('stopped');
  }
}

module.exports = { Display };
