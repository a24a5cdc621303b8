'use strict';

// Messages by their action, as egg's messenger has them. What is sent is a message of the document: `{ action, from, to, data }`.

const { EventEmitter } = require('events');
const { ClusterError } = require('../errors');

/** A message may have any action: 'error' and 'newListener' are an EventEmitter's own. */
const eventOf = (action) => `action ${action}`;

class Messenger {
  #link;
  #actions = new EventEmitter();
  /** Ends the listening for messages. */
  #stop;

  /** @param link `role`; `hasAlone`; `send(message)`, false: better wait; `listen(receive)` gives what ends it */
  constructor(link) {
    this.#link = link;
  }

  broadcast(action, data) {
    const toWorkers = this.sendToWorkers(action, data);
    return (!this.#link.hasAlone || this.sendToAlone(action, data)) && toWorkers;
  }

  sendTo(pid, action, data) {
    if (!['number', 'string'].includes(typeof pid) || !/^[1-9]\d*$/.test(pid)) {
      throw new ClusterError(
        'ERR_MESSAGE_INVALID',
        `messenger.sendTo(): the pid must be a number or a numeric string, but is ${String(pid)}.`,
      );
    }
    return this.#send(action, { to: 'worker', worker_pid: Number(pid) }, data);
  }

  sendRandom(action, data) {
    return this.#send(action, { to: 'worker', type: 'worker' }, data);
  }

  sendToWorkers(action, data) {
    return this.#send(action, { to: 'worker', type: 'all' }, data);
  }

  sendToAlone(action, data) {
    return this.#send(action, { to: 'alone' }, data);
  }

  sendToApp(action, data) {
    return this.#send(action, { to: 'app' }, data);
  }

  #send(action, target, data) {
    checkAction(action);
    return this.#link.send({ action, from: this.#link.role, ...target, data });
  }

  on(action, listener) {
    return this.#add('on', action, listener);
  }

  once(action, listener) {
    return this.#add('once', action, listener);
  }

  off(action, listener) {
    this.#actions.off(eventOf(action), listener);
    this.#stopUnheard();
    return this;
  }

  #add(how, action, listener) {
    checkAction(action);
    this.#actions[how](eventOf(action), listener);
    this.#stop ??= this.#link.listen((message, sender) => this.#receive(message, sender));
    return this;
  }

  #receive(message, sender) {
    if (typeof message?.action !== 'string') return;
    try {
      this.#actions.emit(eventOf(message.action), message.data, message, sender);
    } finally {
      this.#stopUnheard();
    }
  }

  /** Who listens to nothing any more is not kept alive by its channel. */
  #stopUnheard() {
    if (this.#actions.eventNames().length > 0) return;
    this.#stop?.();
    this.#stop = undefined;
  }
}

// Node's events.once() and events.on() call it.
Messenger.prototype.removeListener = Messenger.prototype.off;

function checkAction(action) {
  if (typeof action === 'string' && action !== '') return;
  throw new ClusterError('ERR_MESSAGE_INVALID', "A message's `action` must be a non-empty string.");
}

module.exports = { Messenger };
