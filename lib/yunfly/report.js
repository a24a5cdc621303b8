'use strict';

// What the log tells of a cluster, as it happens.

const { openLog } = require('./log');
const { now } = require('../real-timers');
const { rowsOf, table } = require('./table');

const seconds = (ms) => `${Math.round(ms) / 1000}s`;

/** Why the alone ends when it is to. */
const ASKED = ['reload', 'shutdown'];
const levelOf = ({ exitedAfterDisconnect }) => (exitedAfterDisconnect ? 'info' : 'warn');

class Report {
  #cluster;
  #log;
  #facts;
  #startedAt = now() - sinceTyped();
  #durations = new WeakMap();
  #isStarted = false;
  #reloads = 0;

  constructor(cluster, { config, shown }) {
    this.#cluster = cluster;
    this.#log = openLog({ logger: config.logger, title: cluster.title });
    this.#facts = { ...shown, title: cluster.title, pid: process.pid, exec: config.exec };
    this.#hearWorkers();
    this.#hearAlone();
    cluster.on('exception', (error) => this.say('error', 'gaveUp', { error: error.message }));
  }

  say(level, name, facts) {
    this.#log[level](name, { ...this.#facts, ...facts });
  }

  begins() {
    this.say('info', 'begins');
  }

  started() {
    this.#isStarted = true;
    this.say('info', 'started', { duration: this.#duration(), workers: this.#workers() });
    this.say('info', 'runs');
    this.#showTable();
  }

  /** The function that it gives is called when it is over, with an error if it has failed, and whether that is to be told. */
  reloads(target) {
    this.#reloads += 1;
    const began = now();
    this.say('info', 'reloads', { target });
    return (error, isTold) => {
      this.#reloads -= 1;
      if (!isTold) return;
      if (error) this.say('error', 'notReloaded', { target, error: error.message });
      else this.say('info', 'reloaded', { target, duration: seconds(now() - began) });
      this.#showTable();
    };
  }

  #hearWorkers() {
    const cluster = this.#cluster;
    const of = ({ id, pid, exitedAfterDisconnect: asked }) => ({ id, pid, asked, workers: this.#workers() });
    cluster.on('fork', (worker) => this.say('info', 'forked', of(worker)));
    cluster.on('listening', (worker, address) => {
      const remain = this.#workers().filter(({ state }) => ['forking', 'online'].includes(state)).length;
      this.say('info', 'listens', { ...of(worker), address: JSON.stringify(address), remain });
    });
    cluster.on('workerReady', (worker) => this.#ready(worker, 'refilled', this.#isStarted && this.#reloads === 0));
    cluster.on('disconnect', (worker) => this.say(levelOf(worker), 'disconnected', of(worker)));
    cluster.on('exit', (worker, code, signal) => {
      this.say(levelOf(worker), 'ended', { ...of(worker), code, signal });
      this.say('info', 'alive', { workers: this.#workers().filter(({ state }) => state === 'listening') });
    });
    cluster.on('unexpectedExit', (worker) => this.say('error', 'unexpected', of(worker)));
  }

  #hearAlone() {
    this.#cluster.on('aloneReady', (alone) => this.#ready(alone, 'aloneReady', true));
    this.#cluster.on('aloneExit', ({ id, pid, exitReason }, code, signal) => {
      this.say(ASKED.includes(exitReason) ? 'info' : 'error', 'aloneEnded', { id, pid, code, signal });
    });
  }

  #ready(child, name, isTold) {
    this.#durations.set(child, this.#isStarted ? seconds(child.readyAfter) : this.#duration());
    if (isTold) this.say('info', name, { id: child.id, pid: child.pid });
    if (this.#isStarted && this.#reloads === 0) this.#showTable();
  }

  #workers() {
    return [...this.#cluster.workers.values()];
  }

  #duration() {
    return seconds(now() - this.#startedAt);
  }

  #showTable() {
    const about = { ...this.#facts, durationOf: (child) => this.#durations.get(child) ?? '-' };
    this.#log.show(table(rowsOf(this.#cluster, about), this.#log.colors));
  }
}

/** The command `yunfly` says when it was typed. */
function sinceTyped() {
  const typed = Number(process.env.RUN_BEGIN_TIME);
  return typed ? Math.max(0, Date.now() - typed) : 0;
}

module.exports = { Report };
