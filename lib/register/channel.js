'use strict';

// The channel of a worker, which the master has: on its ChildProcess is what Node's setupChannel puts there
// (lib/internal/child_process.js), with the same errors.

const { AsyncResource } = require('async_hooks');
const { EventEmitter } = require('events');
const { constants } = require('os');
const handles = require('../messages/handles');
const { codecs } = require('../messages/serialization');
const timers = require('../real-timers');
const { warn } = require('../warn');
const { nodeError, systemError } = require('./node-error');

/** Signals by which a process is asked to end. */
const ASKS = ['SIGTERM', 'SIGINT', 'SIGQUIT'];
const SENDABLE = ['string', 'object', 'number', 'boolean'];
/** No descriptor is left. */
const SHORTAGES = ['EMFILE', 'ENFILE'];

/** `child.channel`. */
class Control extends EventEmitter {
  #channel;

  constructor(channel) {
    super();
    this.#channel = channel;
  }

  ref() {
    this.#channel.keepAlive(true);
  }

  unref() {
    this.#channel.keepAlive(false);
  }
}

/** With Node the end of a channel and that of its process come together. Here that of the process comes later, the more so where the
 *  machine is busy: it is waited for so long before a message that nobody waits for is an error. With a process that died it is lost, as all
 *  are that it had not read; no app crashes by it. */
const ENDING_MS = 2000;

class Channel {
  #id;
  #child;
  /** That of the fork(), in which Node's own channel tells all of its worker, too (AsyncLocalStorage). */
  #context = new AsyncResource('CLUSTERWORKER');
  #codec;
  #master;
  #keepAlive;
  #undelivered;
  /** What Node does at the end of the process, which has come. */
  #exit;
  /** When it does. */
  #ends = 'when the master has heard of it';
  /** The other side has closed it. */
  #isEnded = false;
  /** open → closing (nothing is sent any more) → closed (nothing is received, either) */
  #state = 'open';
  /** The callbacks of what waits in the master. */
  #unsent = [];
  /** Of messages to a process whose end may be about to be told: their timers, each with the handle that came with it. */
  #doubtful = new Map();

  /** `boot`: what the worker is told. `keepAlive(keeper, keeps)`: whether the process is not to end yet. `undelivered(reason)` warns. */
  constructor(id, child, boot, { master, keepAlive, undelivered }) {
    this.#id = id;
    this.#child = child;
    this.#codec = codecs[boot.serialization];
    this.#master = master;
    this.#keepAlive = keepAlive;
    this.#undelivered = undelivered;
    child.connected = true;
    child.channel = new Control(this);
    child.send = (...args) => this.#send(...args);
    child.disconnect = () => this.#disconnect();
    // It could not be started, and emits an 'error'.
    if (child.pid === undefined) {
      this.end();
      return;
    }
    this.keepAlive(true);
    this.#holdExit();
    if (boot.role === 'worker') this.#tellKills();
  }

  inContext(tell) {
    this.#context.runInAsyncScope(tell);
  }

  keepAlive(keeps) {
    if (this.#state === 'open') this.#keepAlive(this, keeps);
  }

  /** Node hears of a process's end after what came through its channel (libuv looks at signals last), and has closed what only that process
   *  listened on. */
  #holdExit() {
    const { _handle: native } = this.#child;
    const { onexit } = native;
    native.onexit = (code, signal) => {
      // The pid may be another's by now.
      native.kill = () => -constants.errno.ESRCH;
      this.#exit = () => onexit.call(native, code, signal);
      this.#lose();
      if (this.#ends === 'at once') {
        this.#exit();
        return;
      }
      this.#keepAlive(this, true);
      this.#master.exited(this.#id, signal ? undefined : code, signal || undefined);
    };
  }

  kill(signal) {
    this.#child.kill(signal);
  }

  /** A worker that drains has `killTimeout` from the signal on. One that stands still would never say that it came. */
  #tellKills() {
    const { kill } = this.#child;
    this.#child.kill = (signal = 'SIGTERM') => {
      const wasSent = kill.call(this.#child, signal);
      const asked = ASKS.find((name) => name === signal || constants.signals[name] === signal);
      if (wasSent && asked) this.#master.kill('worker', this.#id, asked);
      return wasSent;
    };
  }

  /** The worker takes messages again. */
  resumed() {
    for (const callback of this.#unsent.splice(0)) timers.nextTick(callback, null);
  }

  /** The master has heard of the process's end, and done what follows. */
  exited() {
    this.#keepAlive(this, false);
    this.#exit();
  }

  masterFailed() {
    this.end();
    this.#ends = 'at once';
    if (this.#exit) this.exited();
  }

  /** Nothing more comes. */
  end() {
    if (this.#state === 'open' && this.#child.pid !== undefined) this.#isEnded = true;
    this.#leave(channelClosed());
    this.#close();
  }

  #disconnect() {
    if (this.#state !== 'open') {
      this.#child.emit('error', nodeError(Error, 'ERR_IPC_DISCONNECTED', 'IPC channel is already disconnected'));
      return;
    }
    this.#master.closeChannel(this.#id);
    this.#leave(null);
    // What came before is told first.
    timers.setImmediate(() => this.#close());
  }

  /** Nothing more is sent. `error`: for who waits to hear that something was. */
  #leave(error) {
    if (this.#state !== 'open') return;
    this.#state = 'closing';
    this.#child.connected = false;
    this.#child.channel = null;
    if (!this.#exit) this.#keepAlive(this, false);
    for (const callback of this.#unsent.splice(0)) timers.nextTick(callback, error);
  }

  #close() {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    timers.nextTick(() => this.#child.emit('disconnect'));
  }

  #send(message, handle, options, callback) {
    if (typeof handle === 'function') return this.#send(message, undefined, undefined, handle);
    if (typeof options === 'function') return this.#send(message, handle, undefined, options);
    if (options !== undefined && (options === null || typeof options !== 'object' || Array.isArray(options))) {
      throw invalidType('options', 'of type object', options);
    }
    if (this.#state !== 'open') {
      return this.#fail(channelClosed(), callback, handle);
    }
    let fine;
    try {
      fine = this.#write(message, handle, options);
    } catch (error) {
      if (error.syscall !== 'write') throw error;
      const isExpected = typeof callback === 'function' || !SHORTAGES.includes(error.code);
      return isExpected ? this.#fail(error, callback) : this.#drop(handle, options, error);
    }
    return this.#sent(fine, callback);
  }

  /** Node would need no descriptor more, so nobody listens for this error. Who has connected is not to wait for an answer. */
  #drop(handle, options, { code }) {
    if (!options?.keepOpen) handle.destroy?.();
    this.#undelivered(code);
    return false;
  }

  /** Who sends the next message when the one before was taken sends no faster than the worker reads, and leaves the event loop its turn. */
  #sent(fine, callback) {
    const isBehind = !fine && this.#master.isBehind(this.#id);
    if (typeof callback === 'function') {
      if (isBehind) this.#unsent.push(AsyncResource.bind(callback));
      else timers.setImmediate(callback, null);
    }
    return !isBehind;
  }

  #fail(error, callback, handle) {
    const fail = () => this.#child.emit('error', error);
    if (typeof callback === 'function') timers.nextTick(callback, error);
    else if (!this.#isEnded) timers.nextTick(fail);
    else if (this.#exit) handle?.destroy?.();
    else this.#doubt(fail, handle);
    return false;
  }

  #doubt(fail, handle) {
    const timer = timers.setTimeout(() => {
      this.#doubtful.delete(timer);
      fail();
    }, ENDING_MS);
    this.#doubtful.set(timer, handle);
  }

  /** The process has died. */
  #lose() {
    for (const [timer, handle] of this.#doubtful) {
      timers.clearTimeout(timer);
      handle?.destroy?.();
    }
    this.#doubtful.clear();
  }

  #write(message, handle, options) {
    if (message === undefined)
      throw nodeError(TypeError, 'ERR_MISSING_ARGS', 'The "message" argument must be specified');
    if (!SENDABLE.includes(typeof message)) {
      throw invalidType('message', 'one of type string, object, number, or boolean', message);
    }
    const line = this.#line(message);
    const passed = handle ? outgoing(handle, options) : null;
    if (!passed) return this.#master.send('worker', this.#id, line);
    const fine = this.#sendHandle(passed.frame(line), passed.fd);
    passed.sent();
    return fine;
  }

  /** The master needs a descriptor of its own for it. Where there is none, it is told as a write of Node's that fails. */
  #sendHandle(frame, fd) {
    try {
      return this.#master.sendHandle('worker', this.#id, frame, fd);
    } catch (error) {
      throw error.code === 'InvalidArg' ? invalidHandle() : systemError('write', error);
    }
  }

  /** What cannot be written is told by Node's own error, not by ours about it. */
  #line(message) {
    try {
      return this.#codec.write(message);
    } catch (error) {
      throw error.cause ?? error;
    }
  }

  /** One message or several, each a line with its end. In ticks of their own, as Node has it (handleMessage in lib/internal/child_process.js). */
  receive(lines) {
    if (this.#state === 'closed') return;
    for (const line of lines.slice(0, -1).split('\n')) {
      this.#read(
        () => this.#codec.read(line),
        (message) => timers.nextTick(() => this.#emit(message)),
      );
    }
  }

  receiveHandle(json, fd) {
    if (this.#state === 'closed') {
      handles.close(fd);
      return;
    }
    this.#read(
      () => this.#codec.read(handles.messageIn(json)),
      (message) => handles.incoming(fd, json, (handle) => this.#emit(message, handle)),
      () => handles.close(fd),
    );
  }

  #read(read, use, give = () => {}) {
    let message;
    try {
      message = read();
    } catch (error) {
      give();
      warn('CLUSTER_MESSAGE_INVALID', `A message of worker ${this.#id} could not be read: ${error.message}`);
      return;
    }
    use(message);
  }

  #emit(message, handle) {
    this.#child.emit('message', message, handle);
  }
}

function outgoing(handle, options) {
  try {
    return handles.outgoing(handle, options);
  } catch {
    throw invalidHandle();
  }
}

function invalidHandle() {
  return nodeError(TypeError, 'ERR_INVALID_HANDLE_TYPE', 'This handle type cannot be sent');
}

function channelClosed() {
  return nodeError(Error, 'ERR_IPC_CHANNEL_CLOSED', 'Channel closed');
}

function invalidType(name, expected, value) {
  const received = value === null ? 'null' : `type ${typeof value}`;
  return nodeError(
    TypeError,
    'ERR_INVALID_ARG_TYPE',
    `The "${name}" argument must be ${expected}. Received ${received}`,
  );
}

module.exports = { Channel };
