'use strict';

const { EventEmitter } = require('events');
const { constants } = require('os');
const { ClusterError } = require('./errors');

/** What ClusterWorker and ClusterAlone have in common. The cluster keeps the public fields up to date. */
class ClusterChild extends EventEmitter {
  #master;
  #role;

  constructor(master, role, { id, pid }) {
    super();
    this.#master = master;
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

  send(message, ...unsupported) {
    if (unsupported.length > 0) {
      throw new ClusterError('ERR_SEND_ARGUMENTS', 'send() takes only a message: a handle or a callback is not supported.');
    }
    return this.isConnected() && this.#master.send(this.#role, this.id, toJson(message));
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

/** The JSON in which a message travels. */
function toJson(message) {
  let json;
  let cause;
  try {
    json = JSON.stringify(message);
  } catch (err) {
    cause = err;
  }
  if (json === undefined) {
    const why = cause ? `: ${cause.message}` : `: it is of type ${typeof message}`;
    throw new ClusterError('ERR_MESSAGE_INVALID', `The message cannot be written as JSON${why}. Send plain data.`, { cause });
  }
  return json;
}

module.exports = { ClusterChild, toJson };
