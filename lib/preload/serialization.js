'use strict';

// `serialization: 'advanced'` in a worker or in the alone: what process.send is given travels V8-serialized, and arrives as
// 'message' again. cluster.worker.send and npm's sendmessage go through process.send.

const { wrap, isWrapped, unwrap } = require('../messages/serialization');
const { nextTick } = require('../real-timers');
const { warn } = require('../warn');

/** Came before anybody listened. Node keeps its own messages likewise (kPendingMessages, lib/internal/child_process.js). */
let early = [];

function start({ ready }) {
  const { send } = process;
  process.send = function (message, ...rest) {
    // The master itself reads this one.
    const isReady = ready === 'message' && message === 'ready';
    return Reflect.apply(send, this, [isReady ? message : wrap(message), ...rest]);
  };
  // Messages may be written with others (channel.js).
  Object.assign(process.send, send);
  process.on('internalMessage', (frame, handle) => isWrapped(frame) && receive(frame, handle));
  process.on('newListener', (event) => event === 'message' && early.length > 0 && nextTick(deliverEarly));
}

function receive(frame, handle) {
  let message;
  try {
    message = unwrap(frame);
  } catch (err) {
    warn('CLUSTER_MESSAGE_INVALID', `A message could not be read: ${err.message}`);
    return;
  }
  deliver(message, handle);
}

function deliver(message, handle) {
  if (process.listenerCount('message') > 0) process.emit('message', message, handle);
  else early.push([message, handle]);
}

/** Each in a tick of its own: a listener that throws loses no other message. */
function deliverEarly() {
  const messages = early;
  early = [];
  for (const [message, handle] of messages) nextTick(deliver, message, handle);
}

module.exports = { start };
