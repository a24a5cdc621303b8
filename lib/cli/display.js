'use strict';

const { addressText, banner } = require('./banner');
const { frame } = require('./frame');
const lines = require('./lines');
const { Patience } = require('./patience');
const { Processes } = require('./processes');
const { ProcessTable } = require('./process-table');
const { now } = require('../real-timers');

/** Why the alone may have ended without that anything is wrong. */
/** Of ends that were asked for. */
const WENT_WRONG = ['killTimeout', 'outOfMemory'];
const ASKED = ['reload', 'shutdown'];
const WAITS = 'It is started again when a file is saved.';

/** Shows a cluster: at the start what runs, with the table, then a line for what happens; in development one for each save. It is told
 *  what happens by the cluster's public events. */
class Display {
  #cluster;
  #screen;
  /** mode (as it is shown), isDevelopment, awaitsChanges, watched, configFile, and when this process was `startedAt`. */
  #config;
  #now;
  #processes;
  #patience = new Patience(() => this.#tellWaits());
  #addresses = new Set();
  #reasons = new Set();
  /** Files that were saved, and when the restart began: `{ files, since, isStart }`. */
  #save;
  /** Whether a process crashed since files changed, and nothing runs until the next change. */
  #isCrashTold = false;
  /** The child that ended last. */
  #last;
  /** starting → running; → stopping */
  #phase = 'starting';
  #table;

  constructor(cluster, screen, config, clock = now) {
    this.#cluster = cluster;
    this.#screen = screen;
    this.#config = config;
    this.#now = clock;
    this.#processes = new Processes(process.pid, clock, config.startedAt);
    this.#table = new ProcessTable(cluster, this.#processes, screen);
    this.#listen();
  }

  /** A signal came that ends the cluster. */
  stopping(name) {
    this.#stop();
    const isAnyThere = this.#cluster.workers.size > 0 || this.#cluster.alone;
    this.#say(isAnyThere ? lines.signalled(name) : lines.signalledIdle(name));
    this.#patience.watch(true);
  }

  #stop() {
    this.#phase = 'stopping';
    this.#table.stop();
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
    on('workerReady', (worker) => this.#ready('worker', worker));
    on('listening', (_worker, address) => this.#addresses.add(addressText(address)));
    on('standby', (worker) => this.#detail(lines.standsBy(worker)));
    on('aloneReady', (alone) => {
      this.#processes.forked('alone', alone);
      this.#ready('alone', alone);
    });
    on('aloneError', (alone, error) => this.#alarm(lines.goesOn(alone, error), error));
    on('exit', (worker, code, signal) => this.#ended('worker', worker, code, signal, worker.exitedAfterDisconnect));
    on('aloneExit', (alone, code, signal) =>
      this.#ended('alone', alone, code, signal, ASKED.includes(alone.exitReason)),
    );
    on('crash', (error) => this.#crashed(error));
    on('change', (files) => this.#saved(files));
    on('reload', (report) => this.#reloaded(report));
    on('hang', (worker, evidence) => this.#alarm(lines.hangs(worker, evidence)));
    on('reachReforkLimit', (slot) => this.#alarm(lines.givenUp(slot)));
    on('protocolError', (_child, error) => this.#say(error.message));
    on('undeliverable', (_from, _message, reason) => this.#undeliverable(reason));
    on('ready', () => this.#becomeReady());
    this.#cluster.on('close', () => this.#close());
  }

  #ready(type, child) {
    this.#processes.ready(child);
    this.#detail(lines.ready(type, child));
  }

  #ended(type, child, code, signal, expected) {
    if (child.exitReason === 'shutdown') this.#stop();
    const isCrash = this.#config.awaitsChanges && !expected && !(type === 'alone' && this.#processes.isReady(child));
    this.#processes.ended(child, { code, signal, expected });
    this.#last = child;
    if (isCrash) return; // it is told with the event `crash`
    const { exitError } = child;
    const wentWell = expected && !WENT_WRONG.includes(child.exitReason);
    if (wentWell) this.#detail(lines.ended(type, child, code, signal));
    // Who started the cluster is told why that failed.
    else if (this.#phase === 'starting' && !this.#config.awaitsChanges) return;
    else if (exitError) this.#alarm(lines.crashed(type, child, exitError), exitError, child);
    else this.#alarm(lines.ended(type, child, code, signal));
  }

  #crashed(error) {
    this.#isCrashTold = true;
    this.#save = undefined;
    this.#processes.waitForChange();
    const text = error.message.slice(this.#cluster.title.length + 2);
    this.#alarm(`${text}. ${WAITS}`, error.cause, this.#last);
  }

  #saved(files) {
    this.#isCrashTold = false;
    this.#save ??= { files: [], since: this.#now(), isStart: this.#phase === 'starting' };
    this.#save.files.push(...files.filter((file) => !this.#save.files.includes(file)));
  }

  #reloaded(report) {
    const save = this.#save;
    this.#save = undefined;
    if (!report.ok) {
      // That the cluster is closed is told anyway.
      const isTold = this.#isCrashTold || report.reason === 'closed';
      if (!isTold) this.#alarm(lines.reloaded(report));
    } else if (!save) this.#say(lines.reloaded(report));
    else if (!save.isStart) this.#say(lines.reloadedIn(this.#now() - save.since, save.files));
  }

  #undeliverable(reason) {
    if (this.#reasons.has(reason)) return;
    this.#reasons.add(reason);
    this.#say(lines.undeliverable(reason));
  }

  #becomeReady() {
    this.#phase = 'running';
    const facts = {
      ...this.#config,
      title: this.#cluster.title,
      workers: this.#processes.slots(),
      pid: process.pid,
      readyAfter: this.#processes.appReady(),
      addresses: [...this.#addresses],
    };
    this.#screen.print(...banner(facts, this.#screen));
    this.#table.print();
  }

  #changed() {
    // Its fork is no event.
    if (this.#cluster.alone) this.#processes.forked('alone', this.#cluster.alone);
    this.#patience.watch(this.#phase !== 'running' || !this.#processes.isSettled());
    if (this.#phase !== 'running' || !this.#screen.isTerminal || this.#config.isDevelopment) return;
    this.#table.changed();
  }

  #tellWaits() {
    const text = lines.waits(this.#processes.rows().filter(({ type }) => type !== 'app'));
    if (text && !this.#hasDetails()) this.#say(text);
  }

  /** What is shown everywhere. */
  #say(line, ...more) {
    this.#screen.print(`${this.#screen.colors.bold(`${this.#cluster.title}:`)} ${line}`, ...more);
  }

  /** Something is wrong. `child`: whose end the error is; before it was ready its own Node has printed the code. */
  #alarm(line, error, child) {
    const { red, dim } = this.#screen.colors;
    const below = frame(error, { isPrinted: child !== undefined && child.readyAfter === undefined });
    this.#say(red(line), ...below.map((each) => dim(each)));
  }

  /** What the table shows where it is printed again, and what is no news at each save. */
  #detail(line) {
    if (this.#hasDetails()) this.#say(line);
  }

  #hasDetails() {
    return !this.#screen.isTerminal && !this.#config.isDevelopment;
  }

  #close() {
    this.#table.stop();
    this.#patience.watch(false);
    if (this.#table.wasPrinted) this.#say('stopped');
  }
}

module.exports = { Display };
