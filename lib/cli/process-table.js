'use strict';

const { table } = require('./table');

/** After the last change of a burst; longer while processes are still on their way. */
const QUIET_MS = 200;
const UNSETTLED_MS = 5000;

/** Prints the table of the processes: now, or again once changes have settled. */
class ProcessTable {
  #cluster;
  #processes;
  #screen;
  #timer;
  /** What it said when it was printed last. */
  #shown = '';

  constructor(cluster, processes, screen) {
    this.#cluster = cluster;
    this.#processes = processes;
    this.#screen = screen;
  }

  get wasPrinted() {
    return this.#shown !== '';
  }

  print() {
    const rows = this.#processes.rows();
    const shown = rows.map(({ name, pid, status }) => `${name} ${pid} ${status}`).join('\n');
    if (shown === this.#shown) return;
    this.#shown = shown;
    const { app, children } = this.#cluster.stats();
    const usage = new Map([app, ...children].map((each) => [each.pid, each.usage]));
    const withUsage = ({ pid, uptime, ...row }) => {
      const { rss, cpu } = usage.get(pid) ?? {};
      return { ...row, pid, uptime, memory: rss, cpu: cpu === undefined ? undefined : cpu / uptime };
    };
    this.#screen.print(...table(rows.map(withUsage), this.#screen));
  }

  changed() {
    this.#printAfter(this.#processes.isSettled() ? QUIET_MS : UNSETTLED_MS);
  }

  /** Not yet, if by then something is on its way of which no event tells. */
  #printAfter(pause) {
    clearTimeout(this.#timer);
    const isLast = () => pause === UNSETTLED_MS || this.#processes.isSettled();
    this.#timer = setTimeout(() => (isLast() ? this.print() : this.#printAfter(UNSETTLED_MS)), pause).unref();
  }

  stop() {
    clearTimeout(this.#timer);
  }
}

module.exports = { ProcessTable };
