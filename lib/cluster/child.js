'use strict';

const { EventEmitter } = require('events');
const { constants } = require('os');
const { ClusterError } = require('../errors');

/** What ClusterWorker and ClusterAlone have in common. The cluster keeps the public fields up to date. */
class ClusterChild extends EventEmitter {
  #master;
  #codec;
  #role;

  constructor(master, codec, role, { id, pid }) {
    super();
    this.#master = master;
    this.#codec = codec;
    this.#role = role;
    this.id = id;
    this.pid = pid;
    this.state = 'forking';
    this.exitReason = undefined;
    this.startedAt = Date.now();
    const isConnected = () => this.isConnected();
    // As far as a cluster worker's `process` is used: npm's sendmessage looks at `connected`.
    this.process = {
      pid,
      id: pid,
      get connected() {
        return isConnected();
      },
    };
  }

  send(message, handle, options, ...others) {
    if (typeof handle === 'function' || typeof options === 'function' || others.length > 0) {
      throw new ClusterError('ERR_SEND_ARGUMENTS', 'send() takes a message, a handle and options: a callback is not supported.');
    }
    if (!this.isConnected()) return false;
    const line = this.#codec.write(message);
    const passed = handle == null ? null : require('../messages/handles').outgoing(handle, options);
    if (!passed) return this.#master.send(this.#role, this.id, line);
    const fine = this.#sendHandle(passed.frame(line), passed.fd);
    passed.sent();
    return fine;
  }

  #sendHandle(frame, fd) {
    try {
      return this.#master.sendHandle(this.#role, this.id, frame, fd);
    } catch (cause) {
      // Otherwise this process has no descriptor left.
      const code = cause.code === 'InvalidArg' ? 'ERR_HANDLE_INVALID' : 'ERR_HANDLE_REFUSED';
      throw new ClusterError(code, `send(): ${cause.message}.`, { cause });
    }
  }

  kill(signal = 'SIGTERM') {
    const name = typeof signal === 'number' ? signalName(signal) : signal;
    if (!Object.hasOwn(constants.signals, name)) {
      throw new ClusterError('ERR_UNKNOWN_SIGNAL', `kill(): ${String(signal)} is not a signal. Give a name such as 'SIGTERM'.`);
    }
    if (!this.isDead()) this.#master.kill(this.#role, this.id, name);
  }

  isConnected() {
    return this.state !== 'disconnected' && this.state !== 'dead';
  }

  isDead() {
    return this.state === 'dead';
  }
}

function signalName(number) {
  return Object.keys(constants.signals).find((name) => constants.signals[name] === number);
}

module.exports = { ClusterChild };
