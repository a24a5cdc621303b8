'use strict';

// The native master of a primary, and the channels to its workers.

const timers = require('../real-timers');
const { Master } = require('../native/addon');
const { Pump } = require('../native/pump');
const { warn } = require('../warn');
const { Channel } = require('./channel');
const { OftenWarned } = require('./often');

const FOREVER_MS = 2 ** 31 - 1;

/** Opens channels, and hands on what comes through them. */
class Channels {
  #master;
  #pump;
  #tell;
  #byId = new Map();
  /** The master's own callback doesn't keep the process alive: this does, as long as one of these wants it. */
  #keepers = new Set();
  #keepAlive;
  #often = new OftenWarned();
  #flush = () => this.#master.flush();

  /** `tell`: `online(id)`, `listening(id, address)`, `leaving(id, reason)`, `failed()`: there is no master any more. */
  constructor(config, tell) {
    this.#tell = tell;
    this.#master = new Master(JSON.stringify(config), () => this.#pump.wake());
    this.#pump = new Pump(
      () => this.#master.takeEvents(),
      (event) => this.#handle(event),
    );
    this.#master.start();
    // Node writes at once what is sent; what was sent just before the end is to arrive as well.
    process.on('exit', this.#flush);
  }

  /** @returns the descriptor of the worker's end, until the next call; negative: the system's error, as libuv numbers it */
  open() {
    return this.#master.openChannel();
  }

  /** For the end that was opened last no process was started. */
  giveUp() {
    this.#master.giveUp();
  }

  /** `child`, a ChildProcess, was started with the end that was opened last. */
  adopt(id, child, boot) {
    const channel = new Channel(id, child, boot, {
      master: this.#master,
      keepAlive: (keeper, keeps) => this.#keep(keeper, keeps),
      undelivered: (reason) => this.#undelivered({ reason }),
    });
    if (child.pid === undefined) return this.giveUp();
    this.#byId.set(id, channel);
    this.#master.adopt(id, child.pid);
  }

  /** Asks a worker to disconnect, in Node's way. */
  disconnect(id) {
    this.#master.disconnect(id);
  }

  #keep(keeper, keeps) {
    if (keeps) this.#keepers.add(keeper);
    else this.#keepers.delete(keeper);
    if (this.#keepers.size > 0) this.#keepAlive ??= timers.setInterval(() => {}, FOREVER_MS);
    else this.#keepAlive = timers.clearInterval(this.#keepAlive);
  }

  #handle(event) {
    if (event.kind === 'exception') this.#failed(event.message);
    else if (event.kind === 'undeliverable') this.#undelivered(event);
    else if (event.role === 'worker' && this.#byId.has(event.id)) {
      const channel = this.#byId.get(event.id);
      channel.inContext(() => this.#handleOf(channel, event));
    }
  }

  /** Without the master there is no channel any more; the processes end as where a primary is gone. */
  #failed(message) {
    warn('CLUSTER_MASTER_FAILED', `The native master failed: ${message}. Its workers lose their channels.`);
    process.off('exit', this.#flush);
    // Who hears of an end may fork at once: that is another master's.
    this.#tell.failed();
    const channels = [...this.#byId.values()];
    this.#byId.clear();
    for (const channel of channels) channel.inContext(() => channel.masterFailed());
  }

  /** `id`: who sent it; none for this process. */
  #undelivered({ id, reason }) {
    const code = 'CLUSTER_MESSAGE_UNDELIVERED';
    const message = `A message ${id === undefined ? 'to a worker' : `of worker ${id}`} was not delivered (${reason}).`;
    // The counts of a worker end with it.
    if (id === undefined || this.#byId.has(id)) this.#often.warn(id, reason, code, message);
    else warn(code, message);
  }

  #handleOf(channel, event) {
    switch (event.kind) {
      case 'message':
        channel.receive(event.json);
        break;
      case 'handle':
        channel.receiveHandle(event.json, this.#master.takeHandle(event.handle));
        break;
      case 'online':
        this.#tell.online(event.id);
        break;
      case 'listening':
        // Node leaves out what its worker left out.
        this.#tell.listening(event.id, { ...event.address, fd: event.address.fd ?? undefined });
        break;
      case 'draining':
        this.#tell.leaving(event.id, event.reason);
        if (event.reason === 'maxMemory')
          warn('CLUSTER_WORKER_TOO_LARGE', `Worker ${event.id} holds more than maxMemory: it is disconnected.`);
        break;
      case 'disconnect':
        channel.end();
        break;
      case 'exit':
        this.#byId.delete(event.id);
        this.#often.forget(event.id);
        channel.exited();
        break;
      case 'hang':
        warn(
          'CLUSTER_WORKER_HANGS',
          `Worker ${event.id} was silent for ${event.silentFor} ms (${event.state}): it is ended.`,
        );
        break;
      case 'resumed':
        channel.resumed();
        break;
      case 'signal':
        channel.kill(event.signal);
        break;
      case 'protocolError':
        this.#often.warn(
          event.id,
          event.code,
          'CLUSTER_PROTOCOL_ERROR',
          `Worker ${event.id}: ${event.message} (${event.code}).`,
        );
        break;
    }
  }
}

module.exports = { Channels };
