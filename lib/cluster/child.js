'use strict';

const { EventEmitter } = require('events');
const { ClusterError } = require('../errors');
const timers = require('../real-timers');
const { ChildProcess } = require('./child-process');

/** What ClusterWorker and ClusterAlone have in common. The cluster keeps the public fields up to date. */
class ClusterChild extends EventEmitter {
  #master;
  #codec;
  #role;
  #profile;
  #forkedAt = timers.now();

  constructor(master, codec, role, { id, pid }, profile) {
    super();
    this.#master = master;
    this.#codec = codec;
    this.#role = role;
    this.#profile = profile;
    this.id = id;
    this.pid = pid;
    this.state = 'forking';
    this.exitReason = undefined;
    this.exitError = undefined;
    this.startedAt = Date.now();
    this.readyAfter = undefined;
    this.process = new ChildProcess(this);
  }

  get uptime() {
    return Math.round(timers.now() - this.#forkedAt);
  }

  /** Node's order of arguments (`subprocess.send`): what stands before the callback may be left out. */
  send(message, handle, options, callback) {
    if (typeof handle === 'function') return this.send(message, undefined, undefined, handle);
    if (typeof options === 'function') return this.send(message, handle, undefined, options);
    if (callback != null && typeof callback !== 'function') {
      throw new ClusterError(
        'ERR_SEND_ARGUMENTS',
        'send(): the fourth argument is the callback, and must be a function.',
      );
    }
    const isOpen = this.isConnected();
    const fine = isOpen && this.#send(this.#codec.write(message), handle, options);
    if (callback) timers.nextTick(callback, isOpen ? null : channelClosed());
    return fine;
  }

  #send(line, handle, options) {
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
    const name = signalName(
      typeof signal === 'number' ? signal : require('os').constants.signals[String(signal).toUpperCase()],
    );
    if (signal !== 0 && name === undefined) {
      throw new ClusterError(
        'ERR_UNKNOWN_SIGNAL',
        `kill(): ${String(signal)} is not a signal. Give a name such as 'SIGTERM'.`,
      );
    }
    if (this.isDead()) return false;
    if (signal !== 0) this.#master.kill(this.#role, this.id, name);
    return true;
  }

  async profile(options) {
    return await this.#profile(this.#role, this, options);
  }

  isConnected() {
    return this.state !== 'disconnected' && this.state !== 'dead';
  }

  isDead() {
    return this.state === 'dead';
  }
}

/** Node's own error. */
function channelClosed() {
  return Object.assign(new Error('Channel closed'), { code: 'ERR_IPC_CHANNEL_CLOSED' });
}

function signalName(number) {
  return Object.entries(require('os').constants.signals).find(([, each]) => each === number)?.[0];
}

module.exports = { ClusterChild };
