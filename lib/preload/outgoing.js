'use strict';

// What this process sends, in lanes: one for each target that its messages name. A lane is held while its receiver is behind (the
// master says `hold` and `goOn`); all wait while the channel itself takes no more. They wait here and not in the channel, because
// what Node and the master tell each other must not stand behind them: that a connection was accepted, that this process is alive.

const { send, report } = require('./channel');
const { nextTick, setImmediate } = require('../real-timers');

const REQUEST = 'NODE_YUNFLY_RPC';
const ADVANCED = 'NODE_YUNFLY_ADV';
/** So many messages are sent in one turn of the event loop. */
const BATCH = 50;

/** Whose messages wait, by the name of the target. A lane is there as long as it is held or something waits in it. */
const lanes = new Map();

/** The channel has as much as Node means to give it: process.send() returned false. */
let isFull = false;

/** The next batch is sent in the next turn of the event loop. */
let isFlushing = false;

/** This process ends: it holds nothing back any more. */
let isEnding = false;

/** Called when nothing waits any more. */
const whenSent = [];

class Lane {
  isHeld = false;
  #messages = [];
  #next = 0;

  add(message) {
    this.#messages.push(message);
  }

  /** Whether handles are among them. */
  get hasHandles() {
    return this.#messages.some((waiting) => typeof waiting?.[1] === 'object' && waiting[1] !== null);
  }

  get length() {
    return this.#messages.length - this.#next;
  }

  take() {
    const message = this.#messages[this.#next];
    this.#messages[this.#next++] = undefined;
    // What was taken is let go, in steps that grow with what is left.
    if (this.#next * 2 > this.#messages.length) {
      this.#messages = this.#messages.slice(this.#next);
      this.#next = 0;
    }
    return message;
  }

  /** True if a request of this name waited here: it does not any more. */
  withdraw(id) {
    const index = this.#messages.findIndex((waiting) => waiting?.[0]?.cmd === REQUEST && waiting[0].id === id);
    if (index >= 0) this.#messages.splice(index, 1);
    return index >= 0;
  }
}

/** As the master reads the fields (crates/protocol/src/envelope.rs). */
function laneOf({ to, type, worker_pid: pid }) {
  if (to === 'alone') return 'alone';
  if (to !== 'worker') return 'app';
  if (pid != null) return pid;
  return type === 'all' ? 'all' : 'worker';
}

/** Between Node or this preload and the master; no message. */
function isControl({ cmd, act }) {
  if (typeof cmd !== 'string' || !cmd.startsWith('NODE_')) return false;
  return cmd === REQUEST ? act === 'cancel' : cmd !== ADVANCED;
}

/** Node throws for other types. */
function isMessage(message) {
  return message !== null && ['object', 'string', 'number', 'boolean'].includes(typeof message);
}

/** What process.send() does from now on. */
function sendInTurn(message, handle, options, callback) {
  if (lanes.size === 0 && !isFull) return pass(message, handle, options, callback);
  if (!process.connected || !isMessage(message)) return send.call(process, message, handle, options, callback);
  if (isControl(message)) {
    return isWithdrawn(message) || send.call(process, message, handle, options, callback);
  }
  // As it is now: Node writes a message when it is sent, too.
  const copy = typeof message === 'object' ? JSON.parse(JSON.stringify(message)) : message;
  const name = laneOf(copy);
  if (!isFull && !lanes.has(name)) return pass(message, handle, options, callback);
  laneNamed(name).add([copy, handle, options, callback]);
  return false;
}

/** Whoever asked does not wait any more, and the request was not sent yet. */
function isWithdrawn({ cmd, act, id }) {
  return cmd === REQUEST && act === 'cancel' && [...lanes.values()].some((lane) => lane.withdraw(id));
}

function laneNamed(name) {
  let lane = lanes.get(name);
  if (!lane) {
    if (lanes.size === 0) process.once('exit', release);
    lanes.set(name, (lane = new Lane()));
  }
  return lane;
}

function pass(message, handle, options, callback) {
  const takesMore = send.call(process, message, handle, options, callback);
  if (!takesMore && process.connected) awaitRoom();
  return takesMore;
}

/** What Node throws for what was held back is an uncaught exception: nobody is left who called send(). */
function passLater(args) {
  try {
    pass(...args);
  } catch (error) {
    nextTick(() => {
      throw error;
    });
  }
}

/** The channel is empty again when it has written this, too. */
function awaitRoom() {
  if (isFull) return;
  isFull = true;
  report('mark', {}, () => {
    isFull = false;
    flush();
  });
}

function flush() {
  if (!process.connected) drop();
  for (const [name, lane] of lanes) {
    if (lane.isHeld) continue;
    for (let count = 0; lane.length > 0 && !isFull; count++) {
      if (count === BATCH && !isEnding) return flushLater();
      passLater(lane.take());
    }
    lanes.delete(name);
    // The others are first next time.
    if (lane.length > 0) lanes.set(name, lane);
    if (isFull) return;
  }
  if (lanes.size > 0) return;
  process.removeListener('exit', release);
  for (const sent of whenSent.splice(0)) sent();
}

/** The master may read as fast as this process writes: that it asks to hold back again is heard in between. */
function flushLater() {
  if (isFlushing) return;
  isFlushing = true;
  setImmediate(() => {
    isFlushing = false;
    if (!isFull) flush();
  });
}

/** The channel is closed. */
function drop() {
  const lost = [...lanes.values()].flatMap((lane) => Array.from({ length: lane.length }, () => lane.take()));
  lanes.clear();
  if (lost.length === 0) return;
  // Node's own.
  const error = Object.assign(new Error('Channel closed'), { code: 'ERR_IPC_CHANNEL_CLOSED' });
  for (const args of lost) nextTick(args.find((arg) => typeof arg === 'function') ?? (() => {}), error);
  const text = `The channel was closed before ${lost.length} message(s) were sent, whose receivers were behind.`;
  process.emitWarning(text, { type: 'ClusterWarning', code: 'CLUSTER_CHANNEL_CLOSED' });
}

/** The master asks for it: a receiver is behind. */
function hold(name) {
  if (!isEnding) laneNamed(name).isHeld = true;
}

function goOn(name) {
  const lane = lanes.get(name);
  if (!lane) return;
  lane.isHeld = false;
  flush();
}

/** Sends whatever waits, as far as the channel takes it: the master keeps it for whoever is behind. */
function release() {
  isEnding = true;
  for (const lane of lanes.values()) lane.isHeld = false;
  if (!isFull) flush();
}

/** The master gets the handles that wait, with what waits before them: this process is about to close its own. */
function releaseHandles() {
  for (const lane of lanes.values()) if (lane.hasHandles) lane.isHeld = false;
  if (!isFull) flush();
}

/** Resolves when everything was sent. */
function allSent() {
  release();
  return lanes.size > 0 || isFull ? new Promise((resolve) => whenSent.push(resolve)) : Promise.resolve();
}

function countWaiting() {
  return [...lanes.values()].reduce((sum, { length }) => sum + length, 0);
}

process.on('disconnect', flush);

module.exports = { sendInTurn, awaitRoom, hold, goOn, releaseHandles, allSent, countWaiting };
