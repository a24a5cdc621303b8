'use strict';

/** What the table shows of the cluster's processes. Told what happens, by whoever listens to the cluster. A child's own `state` and
 *  `slot` are looked at when rows are asked for: there is no event for each of their changes. */
class Processes {
  #app;
  #now;
  /** By child. Those who died unasked stay until their place is taken. */
  #entries = new Map();
  /** By place: how often its process died unasked. */
  #restarts = new Map();

  /** `now`: ms by a clock that nobody sets, by which the app was `startedAt`. */
  constructor(pid, now, startedAt = now()) {
    this.#now = now;
    this.#app = { pid, startedAt, readyAfter: null };
  }

  forked(type, child) {
    if (!this.#entries.has(child)) this.#entries.set(child, { type, child, isReady: false, end: null });
    this.#prune();
  }

  ready(child) {
    const entry = this.#entries.get(child);
    if (entry) entry.isReady = true;
  }

  isReady(child) {
    return this.#entries.get(child)?.isReady === true;
  }

  /** After how many ms. */
  appReady() {
    this.#app.readyAfter ??= this.#now() - this.#app.startedAt;
    return this.#app.readyAfter;
  }

  ended(child, { code, signal, expected }) {
    const entry = this.#entries.get(child);
    if (!entry) return;
    if (expected) this.#entries.delete(child);
    else {
      entry.end = signal ? `killed (${signal})` : `${code === 0 ? 'exited' : 'crashed'} (code ${code})`;
      const place = placeOf(entry);
      this.#restarts.set(place, this.#restartsOf(place) + 1);
    }
    this.#prune();
  }

  #restartsOf(place) {
    return this.#restarts.get(place) ?? 0;
  }

  /** Development: what crashed is started again by the next save. */
  waitForChange() {
    for (const entry of this.#entries.values()) if (entry.end) entry.end = 'waiting for a change';
  }

  /** The dead whose place is taken. */
  #prune() {
    const entries = [...this.#entries.values()];
    const isTaken = (entry) => entries.some((other) => !other.end && placeOf(other) === placeOf(entry));
    for (const entry of entries) if (entry.end && isTaken(entry)) this.#entries.delete(entry.child);
  }

  /** How many slots have a worker. */
  slots() {
    return new Set(this.rows().flatMap(({ type, slot }) => (type === 'worker' && slot) || [])).size;
  }

  /** Whether nothing is on its way from one state to another, and nobody beside who is to take its place. */
  isSettled() {
    const rows = this.rows();
    const slots = rows.flatMap(({ slot }) => slot ?? []);
    return (
      slots.length === new Set(slots).size && rows.every(({ status }) => status !== 'booting' && status !== 'draining')
    );
  }

  /** App, alone, workers by slot, those that stand by; `{ id, name, type, pid, slot, status, uptime, restarts }`. */
  rows() {
    this.#prune();
    const order = ({ type, child }) => [type === 'alone' ? 0 : (child.slot ?? Infinity), child.id];
    const children = [...this.#entries.values()]
      .sort((a, b) => compare(order(a), order(b)))
      .map((entry) => this.#row(entry));
    return [this.#appRow(), ...children];
  }

  #appRow() {
    const { pid, readyAfter, startedAt } = this.#app;
    const status = readyAfter === null ? 'booting' : 'ready';
    const uptime = this.#now() - startedAt;
    return { id: null, name: 'app', type: 'app', pid, slot: undefined, status, uptime, restarts: null };
  }

  #row(entry) {
    const { type, child, end } = entry;
    const { id, pid, slot } = child;
    return {
      // There may be a worker of this number as well.
      id: type === 'alone' ? `a${id}` : String(id),
      name: type === 'alone' ? 'alone' : slot === undefined ? 'standby' : `worker ${slot}`,
      type,
      pid,
      slot,
      status: statusOf(entry),
      uptime: end ? null : child.uptime,
      restarts: placeOf(entry) === undefined ? null : this.#restartsOf(placeOf(entry)),
    };
  }
}

/** One that stands by has none yet. */
function placeOf({ type, child }) {
  return type === 'alone' ? 'alone' : child.slot;
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
