'use strict';

// What this process sends, in lanes: one for each target that its messages name. A lane is paused while its receiver is behind (the
// master says `pause` and `resume`); all wait while the channel itself takes no more. They wait here and not in the channel, because
// what Node and the master tell each other must not stand behind them: that a connection was accepted, that this process is alive.
//
// What waits is as it was when it was sent: the message, its handle (kept-handles.js), and whose callback it is.

const { AsyncResource } = require('async_hooks');
const { isClosing, isOpen, post, report, send } = require('./channel');
const { delayDisconnect } = require('./disconnect');
const { logLine } = require('./faults');
const { keep } = require('./kept-handles');
const { Lane, REQUEST } = require('./lane');
const { hasUnwritten } = require('./node-channel');
const { nextTick, setImmediate } = require('../real-timers');
const { passedOn } = require('./servers');
const { warn } = require('../warn');

const ADVANCED = 'NODE_YUNFLY_ADV';
const TOPIC = 'NODE_YUNFLY_TOPIC';
/** So many messages are sent in one turn of the event loop. */
const PER_TURN = 50;

/** Whose messages wait, by the name of the target. A lane is there as long as it is paused or something waits in it. */
const lanes = new Map();

/** The channel has as much as Node means to give it: process.send() returned false. */
let isFull = false;

/** The next batch is sent in the next turn of the event loop. */
let isFlushing = false;

/** This process ends: it holds nothing back any more. */
let isEnding = false;

/** How many failed in this turn that nobody waits for. */
let unsent = 0;

/** Called when nothing waits any more. */
const whenSent = [];

/** As the master reads the fields (crates/protocol/src/envelope.rs). */
function laneOf({ cmd, to, type, worker_pid: pid, scope, host }, handle) {
  if (cmd === TOPIC) return 'topics';
  // The answer to a request from another host.
  if (cmd === REQUEST && host != null) return 'fleet-one';
  const isForFleet = scope === 'fleet';
  if (to === 'alone') return isForFleet ? 'fleet-alone' : 'alone';
  if (to !== 'worker') return 'app';
  if (pid != null) {
    if (isForFleet && typeof pid === 'string' && pid.includes('/')) return 'fleet-one';
    // A text names the same process.
    return Number(pid);
  }
  if (type !== 'all') return isForFleet ? 'fleet-worker' : 'worker';
  // Each worker has to get it: it waits for one that stands still, and other messages to all do not wait for it.
  if (cmd === REQUEST || (handle && typeof handle === 'object')) return 'each';
  return isForFleet ? 'fleet-all' : 'all';
}

/** Between Node or this preload and the master; no message. */
function isControl({ cmd, act }) {
  if (typeof cmd !== 'string' || !cmd.startsWith('NODE_')) return false;
  return cmd === REQUEST ? act === 'cancel' : cmd !== ADVANCED && cmd !== TOPIC;
}

/** Node throws for other types. */
function isMessage(message) {
  return message !== null && ['object', 'string', 'number', 'boolean'].includes(typeof message);
}

/** What process.send() does from now on. */
function sendInTurn(message, handle, options, callback) {
  // Node says so.
  if (!process.connected) return send(message, handle, options, callback);
  // Node would queue it, and not keep it as it is.
  if (handle && process._handleQueue) awaitRoom();
  if (lanes.size === 0 && !isFull) return pass(message, handle, options, callback);
  if (!isMessage(message)) return send(message, handle, options, callback);
  if (isControl(message)) {
    return isWithdrawn(message) || send(message, handle, options, callback);
  }
  // Node writes a message when it is sent, too.
  const json = JSON.stringify(message);
  // Its toJSON() gives nothing to be sent.
  if (json === undefined) return send(message, handle, options, callback);
  const copy = typeof message === 'object' ? JSON.parse(json) : message;
  const lane = laneOf(Object(copy), handle);
  // It comes after the messages to all that wait already.
  const before = copy?.scope === 'fleet' ? 'fleet-all' : 'all';
  const name = lane === 'each' && lanes.has(before) ? before : lane;
  if (!isFull && !lanes.has(name)) return pass(message, handle, options, callback);
  wait(name, lane, copy, handle, options, callback);
  return false;
}

/** The arguments may be left out as in Node: (message, callback), (message, handle, callback). */
function wait(name, lane, message, ...rest) {
  const callback = rest.find((arg) => typeof arg === 'function');
  const [handle, options] = rest.map((arg) => (arg === callback ? undefined : arg));
  const waiting = { message, lane, handle, options, callback: callback && AsyncResource.bind(callback), letGo() {} };
  if (handle)
    Object.assign(
      waiting,
      keep(handle, options, waiting, () => hasten(waiting)),
    );
  laneNamed(name).add(waiting);
}

/** Whoever asked does not wait any more, and the request was not sent yet. */
function isWithdrawn({ cmd, act, id }) {
  return cmd === REQUEST && act === 'cancel' && [...lanes.values()].some((lane) => lane.withdraw(id));
}

function laneNamed(name) {
  let lane = lanes.get(name);
  if (!lane) {
    if (lanes.size === 0) process.on('beforeExit', release).once('exit', sendLast);
    lanes.set(name, (lane = new Lane()));
  }
  return lane;
}

function pass(message, handle, options, callback) {
  const takesMore = post(message, handle, options, callback);
  if (handle) passedOn(handle);
  if (!takesMore && isOpen()) awaitRoom();
  return takesMore;
}

/** The first of a lane goes, or into the lane that it is of. */
function passOn(name, waiting) {
  const own = waiting.lane === name || waiting.isUrgent ? undefined : lanes.get(waiting.lane);
  if (own) own.add(waiting);
  else passLater(waiting);
}

/** What Node throws for what was held back is an uncaught exception: nobody is left who called send(). */
function passLater({ message, handle, options, callback, letGo }) {
  const closing = isClosing();
  // Without a callback a failure is the event 'error', as in Node; but after disconnect() nobody expects one.
  const failed = (error) => error && (closing ? lose() : process.emit('error', error));
  const sent = (error) => {
    letGo(error);
    (callback ?? failed)(error);
  };
  try {
    pass(message, handle, options, handle || closing ? sent : callback);
  } catch (error) {
    letGo(error);
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
  if (!isOpen()) drop();
  for (const [name, lane] of lanes) {
    for (let left = isEnding ? Infinity : PER_TURN; left > 0 && lane.isOpen && !isFull; left--) {
      passOn(name, lane.take());
    }
    const isTurnOver = lane.isOpen;
    // The others are first next time.
    if (!lane.isPaused || isTurnOver) lanes.delete(name);
    if (lane.length > 0) lanes.set(name, lane);
    if (isFull) break;
    if (isTurnOver) return flushLater();
  }
  if (lanes.size > 0) return;
  process.off('beforeExit', release).off('exit', sendLast);
  if (isFull) return;
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
  isFull = false;
  const lost = [...lanes.values()].flatMap((lane) => Array.from({ length: lane.length }, () => lane.take()));
  lanes.clear();
  if (lost.length === 0) return;
  // Node's own.
  const error = Object.assign(new Error('Channel closed'), { code: 'ERR_IPC_CHANNEL_CLOSED' });
  for (const { callback, letGo } of lost) {
    letGo(error);
    if (callback) nextTick(callback, error);
  }
  tellLost(lost.length);
}

/** A message of a channel that is about to be closed, whose other end is gone: the first of some. */
function lose() {
  unsent += 1;
  if (unsent > 1) return;
  setImmediate(() => {
    tellLost(unsent);
    unsent = 0;
  });
}

function tellLost(count) {
  warn(
    'CLUSTER_CHANNEL_CLOSED',
    `The channel was closed before ${count} message(s) were sent, whose receivers were behind.`,
  );
}

/** The master asks for it: a receiver is behind. */
function pause(name) {
  if (!isEnding) laneNamed(name).isPaused = true;
}

function resume(name) {
  const lane = lanes.get(name);
  if (!lane) return;
  lane.isPaused = false;
  flush();
}

/** This one goes now, with what is before it, as far as the channel takes it. */
function hasten(waiting) {
  waiting.isUrgent = true;
  for (const lane of lanes.values()) lane.hasten(waiting);
  if (!isFull) flush();
}

/** Sends whatever waits, as far as the channel takes it: the master keeps it for whoever is behind. */
function release() {
  for (const lane of lanes.values()) lane.isPaused = false;
  if (!isFull) flush();
}

/** Resolves when everything was sent, or cannot be. */
function allSent() {
  isEnding = true;
  release();
  return lanes.size > 0 || isFull ? new Promise((resolve) => whenSent.push(resolve)) : Promise.resolve();
}

/** Resolves when everything was written, or cannot be. The channel may have the last messages still. */
async function allWritten() {
  await allSent();
  await new Promise((resolve) => report('mark', {}, resolve));
}

/** The process exits: as much as the channel takes at once still goes. What Node would have to write later is lost, as all that it has to
 *  write is then, and so is the rest. */
function sendLast() {
  isEnding = true;
  let lost = 0;
  for (const lane of lanes.values()) {
    while (lane.length > 0) {
      const waiting = lane.take();
      if (!hasUnwritten()) passLater(waiting);
      if (hasUnwritten()) lost += 1;
    }
  }
  lanes.clear();
  if (lost > 0)
    logLine(
      `${process.title} (pid ${process.pid}): it ended before ${lost} message(s) were sent, whose receivers were behind`,
    );
}

function isWaiting() {
  return isFull || [...lanes.values()].some(({ length }) => length > 0);
}

process.on('disconnect', flush);
delayDisconnect(isWaiting, allWritten);

module.exports = { sendInTurn, awaitRoom, pause, resume, allSent };
