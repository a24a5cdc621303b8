'use strict';

const { isMainThread, parentPort } = require('worker_threads');
const timers = require('../real-timers');
const { warn } = require('../warn');

function emitLater(target, message) {
  timers.setImmediate(() => target.emit('message', message));
}

/** What process.send() has where a message may be written with others, and is told with those that may (lib/preload/channel.js). */
const SOON = Symbol.for('yunfly.cluster.soon');
const soon = { [SOON]: 'heard' };

/** Does what npm's `sendmessage` does, for: a process with a channel (the own one, a child, a cluster worker), a worker
 *  thread, and a process without a channel, which sends to itself. False: the sender had better wait before the next one. */
function sendmessage(target, message) {
  const isThread = typeof target.postMessage === 'function';
  if (isMainThread && !isThread && typeof target.send !== 'function') emitLater(target, message);
  else if (process.env.SENDMESSAGE_ONE_PROCESS) emitLater(target, message);
  else if (isThread) target.postMessage(message);
  else if (!isMainThread) parentPort.postMessage(message);
  else return sendOverChannel(target, message);
  return true;
}

function sendOverChannel(target, message) {
  // Of a cluster worker, `process` has the channel.
  const { connected, pid } = target.process ?? target;
  if (connected) return target.send[SOON] ? target.send(message, undefined, soon) : target.send(message);
  warn('CLUSTER_CHANNEL_CLOSED', `sendmessage: the channel to process ${pid} is closed, the message was not sent`);
  return false;
}

module.exports = { sendmessage, sendOverChannel };
