'use strict';

const { ClusterAlone } = require('./alone');
const { ClusterError, reviveError } = require('./errors');
const failures = require('./child-failure');
const { ClusterWorker } = require('./worker');

/** Turns the master's events into those of the cluster and of its children, with the names and arguments of
 *  node:cluster and cfork, and keeps the children's state. It decides nothing. */
class Dispatcher {
  #cluster;
  #settings;
  #master;
  #workers;
  #alones = new Map();
  alone = null;
  /** Why the cluster ends, if not by close() or a signal. */
  failure = null;

  constructor(cluster, settings, master) {
    this.#cluster = cluster;
    this.#workers = cluster.workers;
    this.#settings = settings;
    this.#master = master;
  }

  dispatch(event) {
    this[event.kind]?.(event);
  }

  /** The worker of a `fork` event; it may have been made before the event's turn came. */
  worker(event) {
    if (!this.#workers.has(event.id)) this.#workers.set(event.id, new ClusterWorker(this.#master, event));
    return this.#workers.get(event.id);
  }

  #child({ role, id }) {
    return role === 'alone' ? this.#alones.get(id) : this.#workers.get(id);
  }

  fork(event) {
    if (event.role === 'worker') {
      this.#cluster.emit('fork', this.worker(event));
      return;
    }
    this.alone = new ClusterAlone(this.#master, event);
    this.#alones.set(event.id, this.alone);
  }

  online(event) {
    const child = this.#child(event);
    child.state = 'online';
    child.emit('online');
    if (event.role === 'worker') this.#cluster.emit('online', child);
  }

  listening(event) {
    const worker = this.#child({ ...event, role: 'worker' });
    const { fd, ...rest } = JSON.parse(event.data);
    // Node leaves out what its worker left out.
    const address = { ...rest, fd: fd ?? undefined };
    if (worker.state === 'forking' || worker.state === 'online') worker.state = 'listening';
    worker.emit('listening', address);
    this.#cluster.emit('listening', worker, address);
  }

  childReady(event) {
    if (event.role !== 'alone') return;
    const alone = this.#child(event);
    alone.state = 'ready';
    alone.emit('ready');
    this.#cluster.emit('aloneReady', alone);
  }

  draining(event) {
    const child = this.#child(event);
    child.state = 'draining';
    child.exitReason = event.reason;
  }

  disconnect(event) {
    const child = this.#child(event);
    child.state = 'disconnected';
    if (event.role === 'worker') child.exitedAfterDisconnect = event.expected;
    child.emit('disconnect');
    if (event.role === 'worker') this.#cluster.emit('disconnect', child);
  }

  exit(event) {
    const child = this.#child(event);
    const code = event.code ?? null;
    const signal = event.signal ?? null;
    child.state = 'dead';
    child.exitReason = event.reason;
    // As node:cluster does: at 'exit' only the others are in `workers`.
    if (event.role === 'worker') this.#workers.delete(event.id);
    else this.#alones.delete(event.id);
    if (this.alone === child) this.alone = null;
    if (event.role === 'worker') this.#workerExit(event, child, code, signal);
    else {
      child.emit('exit', code, signal);
      this.#cluster.emit('aloneExit', child, code, signal);
    }
  }

  #workerExit(event, worker, code, signal) {
    worker.exitedAfterDisconnect = event.expected;
    worker.emit('exit', code, signal);
    this.#cluster.emit('exit', worker, code, signal);
    if (!event.expected) this.#cluster.emit('unexpectedExit', worker, code, signal);
  }

  /** What a child does not catch at its start is the cause of the start's failure; a worker's ends it: `exit`. */
  childError(event) {
    const { phase, ...error } = JSON.parse(event.data);
    if (event.role !== 'alone' || phase !== 'run') return;
    this.#cluster.emit('aloneError', this.#child(event), reviveError(error));
  }

  message(event) {
    const child = this.#child(event);
    this.#read(event, child, (message) => {
      child.emit('message', message);
      this.#cluster.emit('message', child, message);
    });
  }

  undeliverable(event) {
    const sender = event.role === undefined ? null : (this.#child(event) ?? null);
    this.#read(event, sender, (message) => this.#cluster.emit('undeliverable', message, event.reason, sender));
  }

  /** The master looks only at a message's envelope: the rest of it may still be no JSON. */
  #read({ data }, sender, use) {
    let message;
    try {
      message = JSON.parse(data);
    } catch (cause) {
      this.#cluster.emit('protocolError', sender, new ClusterError('ERR_MESSAGE_INVALID', cause.message, { cause }));
      return;
    }
    use(message);
  }

  protocolError(event) {
    const { code, detail } = JSON.parse(event.data);
    this.#cluster.emit('protocolError', this.#child(event), new ClusterError(code, detail));
  }

  hang(event) {
    this.#cluster.emit('hang', this.#child(event), JSON.parse(event.data));
  }

  reachReforkLimit(event) {
    this.#cluster.emit('reachReforkLimit', event.slot);
  }

  check(event) {
    this.#cluster.emit('check', JSON.parse(event.data));
  }

  startFailed(event) {
    this.failure = failures.startFailure(event, this.#settings);
  }

  exception(event) {
    this.failure = failures.exception(event, this.#settings);
    this.#cluster.emit('exception', this.failure);
  }
}

module.exports = { Dispatcher };
