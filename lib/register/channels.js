'use strict';

// The native master of a primary, and the channels to its workers.

const timers = require('../real-timers');
const { Master } = require('../native/addon');
const { Pump } = require('../native/pump');
const { warn } = require('../warn');
const { Channel } = require('./channel');

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

  /** `tell`: `online(id)`, `listening(id, address)`, `leaving(id, reason)`. */
  constructor(config, tell) {
    this.#tell = tell;
    this.#master = new Master(JSON.stringify(config), () => this.#pump.wake());
    this.#pump = new Pump(
      () => this.#master.takeEvents(),
      (event) => this.#handle(event),
    );
    this.#master.start();
    // Node writes at once what is sent; what was sent just before the end is to arrive as well.
    process.on('exit', () => this.#master.flush());
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
    else if (event.kind === 'undeliverable') undelivered(event);
    else if (event.role === 'worker' && this.#byId.has(event.id)) this.#handleOf(this.#byId.get(event.id), event);
  }

  /** Without the master there is no channel any more; the processes end as where a primary is gone. */
  #failed(message) {
    warn('CLUSTER_MASTER_FAILED', `The native master failed: ${message}. Its workers lose their channels.`);
    for (const channel of this.#byId.values()) channel.masterFailed();
    this.#byId.clear();
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
        warn('CLUSTER_PROTOCOL_ERROR', `Worker ${event.id}: ${event.message} (${event.code})`);
        break;
    }
  }
}

/** `id`: who sent it; none for this process. */
function undelivered({ id, reason }) {
  const whose = id === undefined ? 'to a worker' : `of worker ${id}`;
  warn('CLUSTER_MESSAGE_UNDELIVERED', `A message ${whose} was not delivered (${reason}).`);
}

module.exports = { Channels };
