'use strict';

/** Of a child that has started and not begun to end. */
const RUNNING = ['online', 'listening'];

/** What the table shows of the cluster's processes. Told what happens, by whoever listens to the cluster; the time is passed
 *  in. A child's own `state` and `slot` are looked at when rows are asked for: there is no event for each of their changes. */
class Processes {
  #title;
  #app;
  /** By child. Those who died unasked stay until their place is taken. */
  #entries = new Map();

  constructor(title, pid, now) {
    this.#title = title;
    this.#app = { pid, startedAt: now, readyAfter: null };
  }

  forked(type, child) {
    if (!this.#entries.has(child))
      this.#entries.set(child, { type, child, isReady: false, readyAfter: null, end: null });
    this.#prune();
  }

  /** After how many ms; undefined if it was ready before. */
  ready(child, now) {
    const entry = this.#entries.get(child);
    if (!entry || entry.isReady) return undefined;
    entry.isReady = true;
    entry.readyAfter ??= now - child.startedAt;
    return entry.readyAfter;
  }

  isReady(child) {
    return this.#entries.get(child)?.isReady === true;
  }

  /** It is as ready as it can be without a slot; the time until it gets one says nothing. */
  standsBy(child, now) {
    const entry = this.#entries.get(child);
    if (entry) entry.readyAfter = now - child.startedAt;
  }

  appReady(now) {
    this.#app.readyAfter ??= now - this.#app.startedAt;
    this.allReady();
  }

  /** The master waits for none: also those are ready of which no event tells, without a known time: whose servers it is not told of
   *  (`exclusive`), or who said it themselves (`ready: 'message'`). */
  allReady() {
    for (const entry of this.#entries.values()) if (RUNNING.includes(entry.child.state)) entry.isReady = true;
  }

  ended(child, { code, signal, expected }) {
    const entry = this.#entries.get(child);
    if (!entry) return;
    if (expected) this.#entries.delete(child);
    else entry.end = signal ? `killed (${signal})` : `${code === 0 ? 'exited' : 'crashed'} (code ${code})`;
    this.#prune();
  }

  /** Development: what crashed is started again by the next save. */
  waitForChange() {
    for (const entry of this.#entries.values()) if (entry.end) entry.end = 'waiting for a change';
  }

  /** The dead whose place is taken. */
  #prune() {
    const entries = [...this.#entries.values()];
    const isTaken = ({ type, child }) =>
      entries.some((other) => !other.end && other.type === type && other.child.slot === child.slot);
    for (const entry of entries) if (entry.end && isTaken(entry)) this.#entries.delete(entry.child);
  }

  /** The slots, and how many of them have a ready worker. */
  slots() {
    const all = new Set();
    const ready = new Set();
    for (const { type, status, slot } of this.rows()) {
      if (type !== 'worker' || slot === undefined) continue;
      all.add(slot);
      if (status === 'ready') ready.add(slot);
    }
    return { ready: ready.size, total: all.size };
  }

  /** Whether nothing is on its way from one state to another, and nobody beside who is to take its place. */
  isSettled() {
    const rows = this.rows();
    const slots = rows.flatMap(({ slot }) => slot ?? []);
    return (
      slots.length === new Set(slots).size && rows.every(({ status }) => status !== 'booting' && status !== 'draining')
    );
  }

  /** App, alone, workers by slot, those that stand by; `{ id, name, type, pid, slot, status, readyAfter }`. */
  rows() {
    this.#prune();
    const place = ({ type, slot, id }) => [type === 'alone' ? 0 : (slot ?? Infinity), id];
    const children = [...this.#entries.values()]
      .map((entry) => this.#row(entry))
      .sort((a, b) => compare(place(a), place(b)));
    return [this.#appRow(), ...children];
  }

  #appRow() {
    const { pid, readyAfter } = this.#app;
    const status = readyAfter === null ? 'booting' : 'ready';
    return { id: null, name: `${this.#title}:app`, type: 'app', pid, slot: undefined, status, readyAfter };
  }

  #row(entry) {
    const { type, child, readyAfter } = entry;
    const { id, pid, slot } = child;
    const name = type === 'alone' ? `${this.#title}:alone` : `${this.#title}:worker:${slot ?? 'standby'}`;
    return { id, name, type, pid, slot, status: statusOf(entry), readyAfter };
  }
}

function compare([a, b], [c, d]) {
  return a === c ? b - d : a - c;
}

function statusOf({ child, isReady, end }) {
  if (end) return end;
  switch (child.state) {
    case 'draining':
    case 'disconnected':
    case 'dead':
      return 'draining';
    case 'standby':
      return 'standby';
    default:
      return isReady ? 'ready' : 'booting';
  }
}

module.exports = { Processes };
