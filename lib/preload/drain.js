'use strict';

// The end of a process without a lost request: take what waits in the accept queue, stop accepting, answer what still
// comes on open connections with `Connection: close`, close what stays idle, then exit.

const net = require('net');
const { report } = require('./channel');
const connections = require('./connections');
const servers = require('./servers');

/** So long the last messages are waited for. A master that doesn't read this process's own, because a receiver of them is
 *  behind, does not answer either. */
const LAST_MESSAGES_MS = 1000;

/** The one drain of this process, once it was asked for. */
let drain = null;

class Drain {
  #reason;
  #grace;
  #exitCode;
  #killAt = Infinity;
  #killTimer;
  #promised = new Set();
  /** The master sent everything that it had for this process. */
  exit = () => {};

  constructor({ reason, grace, timeout, exitCode = 0 }) {
    this.#reason = reason;
    this.#grace = grace;
    this.#exitCode = exitCode;
    this.#limit(timeout);
  }

  /** Asked for again: the more urgent of both holds. */
  hasten({ grace, timeout, exitCode = 0 }) {
    this.#grace = Math.min(this.#grace, grace);
    this.#exitCode = Math.max(this.#exitCode, exitCode);
    this.#limit(timeout);
  }

  /** The master kills what is late, but it may be gone itself. */
  #limit(timeout) {
    const killAt = performance.now() + timeout;
    if (killAt >= this.#killAt) return;
    this.#killAt = killAt;
    clearTimeout(this.#killTimer);
    this.#killTimer = setTimeout(() => process.kill(process.pid, 'SIGKILL'), timeout).unref();
  }

  async run() {
    const closed = new Promise((resolve) => this.#whenServersClosed(resolve));
    this.#announce();
    connections.closeAfterResponses();
    await this.#acceptQueued();
    for (const server of servers.servers) stopAccepting(server);
    const stopSweeping = connections.sweep(() => this.#grace);
    await closed;
    stopSweeping();
    await this.#settled();
    await this.#lastMessages();
    await this.#settled();
    report('drained', {}, () => process.exit(this.#exitCode));
  }

  /** What was sent to this process before the master knew that it ends is read: nobody would tell the sender otherwise. */
  #lastMessages() {
    return new Promise((resolve) => {
      this.exit = resolve;
      process.once('disconnect', resolve);
      setTimeout(resolve, LAST_MESSAGES_MS);
      report('finished', {}, () => process.connected || resolve());
    });
  }

  #whenServersClosed(resolve) {
    servers.observe({
      // One that was still waiting for its handle.
      onListening: stopAccepting,
      onClose: () => servers.servers.size === 0 && resolve(),
    });
    if (servers.servers.size === 0) resolve();
  }

  #announce() {
    const event = { reason: this.#reason, waitUntil: (promise) => void this.#waitUntil(promise) };
    try {
      process.emit('yunfly:drain', event);
    } catch (err) {
      // The app's mistake: uncaught like any other, but the drain goes on.
      process.nextTick(() => {
        throw err;
      });
    }
  }

  #waitUntil(promise) {
    const settled = Promise.resolve(promise)
      .catch((err) => warn(`yunfly:drain: what waitUntil() waited for failed: ${err?.stack ?? err}`))
      .then(() => this.#promised.delete(settled));
    this.#promised.add(settled);
  }

  async #settled() {
    while (this.#promised.size > 0) await Promise.all(this.#promised);
  }

  /** What was connected before the drain is served. At a shutdown no other worker takes it: then go on until a turn of
   *  the event loop brings nothing new, but not for ever under a steady stream of connections. */
  async #acceptQueued() {
    const end = performance.now() + this.#grace;
    // The first immediate may run before the event loop polls.
    await turn();
    let before;
    let turns = 0;
    do {
      before = servers.accepted();
      await turn();
      turns += 1;
    } while (
      turns < 2 ||
      (this.#reason === 'shutdown' && servers.accepted() > before && performance.now() < end)
    );
  }
}

function warn(message) {
  process.emitWarning(message, { type: 'ClusterWarning', code: 'ERR_DRAIN_WAIT_FAILED' });
}

function turn() {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Not the server's own close(): http's also cuts the idle keep-alive connections, on which a request may be on its
 *  way, and http2's closes the sessions. */
function stopAccepting(server) {
  if (server.listening) net.Server.prototype.close.call(server);
}

/** `request`: {reason, grace, timeout, exitCode?}, times in ms. */
function start(request) {
  if (drain) {
    drain.hasten(request);
    return;
  }
  drain = new Drain(request);
  drain.run();
}

module.exports = { drain: start, exit: () => drain?.exit() };
