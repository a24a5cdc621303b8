'use strict';
// Children with the preload, without the native master: workers are forked by node:cluster, the alone by child_process.
// What the master would read is read here, what it would say is said here.

const { fork } = require('node:child_process');
const cluster = require('node:cluster');
const { once } = require('node:events');
const path = require('node:path');
const { unwrap } = require('../../../lib/messages/serialization');

const lib = path.join(__dirname, '../../../lib/preload');
const preload = ['--require', path.join(lib, 'index.js')];
const running = new Set();

const BOOT = { title: 'unit', killTimeout: 20_000, crashTimeout: 5000, streamTimeout: 5000 };

// The workers accept by themselves, as under the native master.
cluster.schedulingPolicy = cluster.SCHED_NONE;

/** Connections, by numbers that are not those of node:cluster's own messages. */
let given = 1_000_000;

/** One child: what it told the master, what it sent to the app, what it printed, how it ended. */
class Preloaded {
  #child;
  /** Who gets the connections that it hands back; nobody: they are closed. */
  successor;

  constructor(child) {
    this.#child = child;
    this.told = [];
    this.messages = [];
    this.stderr = '';
    child.stderr.on('data', (chunk) => {
      this.stderr += chunk;
    });
    child.prependListener('internalMessage', (frame, handle) => this.#onReturned(frame, handle));
    child.on('internalMessage', ({ cmd, ...message }) => cmd === 'NODE_YUNFLY' && this.told.push(message));
    this.onFrame('NODE_YUNFLY', ({ act }) => act === 'drained' && this.tell('exit'));
    child.on('message', (message, handle) => {
      // Not in what is compared.
      if (handle) Object.defineProperty(message, 'handle', { value: handle });
      this.messages.push(message);
    });
    this.onFrame('NODE_YUNFLY_ADV', (frame) => child.emit('message', unwrap(frame)));
    // After the last line and the last message. Not 'close': it never comes after a disconnect() of this side.
    const ends = [once(child, 'exit'), once(child.stderr, 'close'), once(child, 'disconnect')];
    this.ended = Promise.all(ends).then(([[code, signal]]) => {
      running.delete(this);
      return { code, signal };
    });
    running.add(this);
  }

  /** Ahead of Node's own listener, which would acknowledge it: the native master does not. */
  #onReturned(frame, handle) {
    if (frame.cmd !== 'NODE_HANDLE' || frame.msg?.act !== 'returned') return;
    frame.cmd = 'NODE_HANDLE_TAKEN';
    if (this.successor) this.successor.give(frame.msg.key, handle);
    else handle.close();
  }

  /** A connection, as a handle, for the server at this key. */
  give(key, handle) {
    given += 1;
    this.#child.send({ cmd: 'NODE_CLUSTER', act: 'newconn', key, seq: given }, handle);
    // It is not acknowledged but by the answer (lib/preload/handed-over.js).
    this.#child._handleQueue = null;
  }

  get pid() {
    return this.#child.pid;
  }

  /** What it told, without what comes whenever a server listens (`serving`), has another connection (`connections`) or has filled the channel (`mark`). */
  get acts() {
    return this.told.map(({ act }) => act).filter((act) => !['serving', 'connections', 'mark'].includes(act));
  }

  /** Resolves with what it told with `act`, the first that fits. */
  async tells(act, fits = () => true) {
    const isIt = (message) => message.act === act && fits(message);
    while (!this.told.some(isIt)) await once(this.#child, 'internalMessage');
    return this.told.find(isIt);
  }

  /** Resolves with its first message that has this key. */
  async sends(key) {
    const has = (message) => key in Object(message);
    while (!this.messages.some(has)) await once(this.#child, 'message');
    return this.messages.find(has)[key];
  }

  /** As with the native master, it may be gone by then. */
  tell(act, fields = {}) {
    this.#child.send({ cmd: 'NODE_YUNFLY', act, ...fields }, () => {});
  }

  /** By default for a reason with which it keeps its connections. */
  drain(fields = {}) {
    this.tell('drain', { reason: 'disconnect', grace: 300, timeout: 20_000, ...fields });
  }

  /** `use` is called with each internal message of this kind. */
  onFrame(kind, use) {
    this.#child.on('internalMessage', (frame) => frame.cmd === kind && use(frame));
  }

  onMessage(use) {
    this.#child.on('message', use);
  }

  send(message) {
    this.#child.send(message);
  }

  kill(signal) {
    this.#child.kill(signal);
  }

  disconnect() {
    this.#child.disconnect();
  }
}

/** @param boot laid over what the master tells the preload */
function startWorker(script, { boot = {}, env = {}, execArgv = [] } = {}) {
  cluster.setupPrimary({
    exec: script,
    execArgv: [...preload, ...execArgv],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  const token = JSON.stringify({ role: 'worker', ...BOOT, ready: 'listening', ...boot });
  const worker = cluster.fork({ ...env, YUNFLY_CLUSTER_BOOT: token, YUNFLY_CLUSTER_SLOT: '3' });
  const child = new Preloaded(worker.process);
  child.worker = worker;
  return child;
}

/** Resolves when its servers listen; `port` is that of the first. */
async function startServers(script, options, count = 1) {
  const child = startWorker(script, options);
  const ports = [];
  await new Promise((resolve) => {
    // Several may come in one tick, so not one once() after the other.
    child.worker.on('listening', ({ port }) => ports.push(port) === count && resolve());
  });
  [child.port, child.otherPort] = ports;
  return child;
}

function startAlone(target, config, boot = {}) {
  const token = JSON.stringify({ role: 'alone', ...BOOT, path: target, config, ...boot });
  const env = { ...process.env, YUNFLY_CLUSTER_BOOT: token };
  const stdio = ['ignore', 'ignore', 'pipe', 'ipc'];
  return new Preloaded(fork(path.join(lib, 'alone-main.js'), [], { execArgv: preload, env, stdio }));
}

/** After each test: nothing is left. */
async function endAll() {
  const left = [...running];
  for (const child of left) child.kill('SIGKILL');
  await Promise.all(left.map((child) => child.ended));
}

module.exports = { startWorker, startServers, startAlone, endAll };
