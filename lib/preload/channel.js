'use strict';

// The preload's own messages on the process's IPC channel. A `cmd` that begins with NODE_ is internal to Node
// (lib/internal/child_process.js, isInternal): it arrives as `internalMessage`, and the app's 'message' listeners
// never see it. Unlike 'message', an 'internalMessage' listener doesn't ref the channel.

const CMD = 'NODE_YUNFLY';
const nodeSend = process.send;

/** In the options of process.send(): the message may be written with others (batch.js). With 'quiet' nobody hears that it could not be written,
 *  which Node else emits as 'error'. A process.send() that has this property passes the options on. */
const SOON = Symbol.for('yunfly.cluster.soon');
const quiet = { [SOON]: 'quiet' };
const ignore = () => {};

/** Loaded when nobody waits for the start any more, or with the first message for it. */
let batch;

/** Node's send(), after what waits to be written. */
function send(message, handle, options, callback) {
  const soon = handle || typeof callback === 'function' ? undefined : options?.[SOON];
  if (soon) {
    const takesMore = openBatch()?.add(message, soon !== 'quiet');
    if (takesMore !== undefined) return takesMore;
  }
  batch?.flush();
  // The handle before it is not acknowledged yet: Node queues the message, and writes it later.
  if (process._handleQueue) message = asItIs(message);
  return nodeSend.call(process, message, handle, options, soon === 'quiet' ? ignore : callback);
}

/** What cannot be written throws here, as everywhere, and not when Node comes to it. */
function asItIs(message) {
  const json = typeof message === 'object' ? JSON.stringify(message) : undefined;
  return json === undefined ? message : JSON.parse(json);
}

function openBatch() {
  if (batch) return batch;
  let Batch;
  try {
    ({ Batch } = require('./batch'));
  } catch {
    // No descriptor is left.
    return undefined;
  }
  const full = () => withOutgoing((outgoing) => outgoing.awaitRoom());
  const isNodes = Function.prototype.toString.call(nodeSend).includes('this._send(');
  batch = new Batch({ isNodes, post, isOpen, full });
  // The first: a listener may end the process at once.
  process.prependListener('exit', flushBatch);
  const { disconnect } = process;
  process.disconnect = function () {
    flushBatch();
    return disconnect.call(process);
  };
  return batch;
}

function flushBatch() {
  batch?.flush();
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
  sendHeld[SOON] = true;
  process.send = sendHeld;
}

/** The same for this package's own frames. */
function sendSoon(frame) {
  return sendHeld(frame, undefined, quiet);
}

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
  const { connected } = process;
  process.connected = true;
  try {
    // What waits to be written comes here, too.
    return send(message, handle, options, callback);
  } finally {
    process.connected = connected;
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
let vitalsModule;
function vitals(asked) {
  try {
    vitalsModule ??= require('./vitals');
  } catch {
    return;
  }
  vitalsModule.start(asked);
}

/** What a report takes along. */
const vitalsDue = () => vitalsModule?.due();

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
  flushBatch,
  openBatch,
  holdBack,
  post,
  report,
  vitalsDue,
  onCommand,
  onRefused,
  isOpen,
  isClosing: () => isClosing,
  setClosing(value) {
    isClosing = value;
  },
};
