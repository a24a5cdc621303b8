'use strict';

// The preload's own messages on the process's IPC channel. A `cmd` that begins with NODE_ is internal to Node
// (lib/internal/child_process.js, isInternal): it arrives as `internalMessage`, and the app's 'message' listeners
// never see it. Unlike 'message', an 'internalMessage' listener doesn't ref the channel.

const CMD = 'NODE_YUNFLY';
const nodeSend = process.send;

/** In the options of process.send(): the message may wait for the end of the turn (batch.js). Another copy of this package, or a wrapper
 *  of process.send(), passes it on. */
const SOON = Symbol.for('yunfly.cluster.soon');

/** Loaded with the first message that may wait. */
let batch;

/** Node's send(), after what waits for the end of the turn. */
function send(message, handle, options, callback) {
  if (!handle && options?.[SOON]) {
    const takesMore = openBatch()?.add(message, callback);
    if (takesMore !== undefined) return takesMore;
  }
  batch?.flush();
  return nodeSend.call(process, message, handle, options, callback);
}

function openBatch() {
  try {
    return (batch ??= new (require('./batch').Batch)({
      post,
      full: () => withOutgoing(({ awaitRoom }) => awaitRoom()),
    }));
  } catch {
    // No descriptor is left.
    return undefined;
  }
}

/** What holds messages back, once there is one to be held (outgoing.js). */
let sendInTurn;

/** What process.send() is from now on: it holds back what its receivers do not take. */
function sendHeld(message, handle, options, callback) {
  // The handle before it is not acknowledged yet: it would wait in Node's own queue, where a close() takes it away.
  if (handle && process._handleQueue && !sendInTurn) withOutgoing(() => {});
  if (sendInTurn) return sendInTurn(message, handle, options, callback);
  const takesMore = send(message, handle, options, callback);
  if (!takesMore && process.connected) withOutgoing((outgoing) => outgoing.awaitRoom());
  return takesMore;
}

function holdBack() {
  process.send = sendHeld;
}

/** The same for this package's own frames. Without a callback Node would emit a failed write as 'error' on `process`. */
function sendSoon(frame) {
  return sendHeld(frame, undefined, soon, ignore);
}

const soon = { [SOON]: true };
const ignore = () => {};

/** Loaded when it is needed: most processes never send more than is taken. */
function withOutgoing(use) {
  let outgoing;
  try {
    outgoing = require('./outgoing');
  } catch {
    // No descriptor is left. Without it the master reads this process for a while, and then no more.
    return;
  }
  sendInTurn = outgoing.sendInTurn;
  use(outgoing);
}

/** process.disconnect() was called, and what was sent before is not out yet: `process.connected` is false (disconnect.js). */
let isClosing = false;

function isOpen() {
  return process.connected || isClosing;
}

/** Node's send(), for what may still go while the channel closes. */
function post(message, handle, options, callback) {
  if (!isClosing) return send(message, handle, options, callback);
  process.connected = true;
  try {
    return send(message, handle, options, callback);
  } finally {
    process.connected = false;
  }
}

/** Tells the master. `sent` is called once the message was written, or cannot be any more. Without a callback Node
 *  would emit a failed write as 'error' on `process`, where nobody listens: it would be thrown in the app. */
function report(act, fields, sent = () => {}) {
  if (isOpen()) post({ cmd: CMD, act, ...fields }, sent);
  else require('../real-timers').nextTick(sent);
}

/** A receiver is behind, or no longer. */
const pausing = {
  pause: ({ lane }) => withOutgoing((outgoing) => outgoing.pause(lane)),
  resume: ({ lane }) => withOutgoing((outgoing) => outgoing.resume(lane)),
};

/** Who is at work, where somebody asked. */
const members = (told) => require('./members').receive(told);

/** Somebody looks at the cluster. Without a descriptor left for it, this process is seen from outside only. */
function vitals(asked) {
  let telling;
  try {
    telling = require('./vitals');
  } catch {
    return;
  }
  telling.start(asked);
}

/** Somebody wants a profile of this process. */
let profiles;
function profile(order) {
  try {
    profiles ??= require('./profile');
  } catch ({ message }) {
    report('unprofiled', { id: order.id, why: 'unavailable', message: `What it needs cannot be read: ${message}` });
    return;
  }
  profiles.start(order);
}

/** Calls `commands[act]` for each message of the master. */
function onCommand(own) {
  const commands = { ...own, ...pausing, members, vitals, profile, profileEnd: ({ id }) => profiles?.end(id) };
  process.on('internalMessage', (message) => {
    if (message.cmd === CMD) commands[message.act]?.(message);
  });
}

/** The master did not deliver one of this process's messages. */
function onRefused({ limit }) {
  const remedy = 'Send less, or raise maxMessageBytes in the cluster config.';
  require('../warn').warn(
    'CLUSTER_MESSAGE_TOO_LARGE',
    `A message of more than ${limit} bytes was not delivered. ${remedy}`,
  );
}

module.exports = {
  CMD,
  send,
  sendSoon,
  flushBatch: () => batch?.flush(),
  openBatch,
  holdBack,
  post,
  report,
  onCommand,
  onRefused,
  isOpen,
  isClosing: () => isClosing,
  setClosing(value) {
    isClosing = value;
  },
};
