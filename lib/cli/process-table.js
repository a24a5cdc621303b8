'use strict';

const { table } = require('./table');
const { usageOf } = require('./usage');

/** After the last change of a burst; longer while processes are still on their way. */
const QUIET_MS = 200;
const UNSETTLED_MS = 5000;

/** Prints the table of the processes: now, or again once changes have settled. */
class ProcessTable {
  #processes;
  #screen;
  #timer;
  /** What it said when it was printed last. */
  #shown = '';

  constructor(processes, screen) {
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
    const usage = usageOf(rows.filter(({ age }) => age !== null).map(({ pid }) => pid));
    const withUsage = rows.map((row) => {
      const { memory, cpu } = usage.get(row.pid) ?? {};
      return { ...row, memory, cpu: cpu === undefined ? undefined : cpu / row.age };
    });
    this.#screen.print(...table(withUsage, this.#screen));
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
