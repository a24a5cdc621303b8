'use strict';

// The preload's own messages on the process's IPC channel. A `cmd` that begins with NODE_ is internal to Node
// (lib/internal/child_process.js, isInternal): it arrives as `internalMessage`, and the app's 'message' listeners
// never see it. Unlike 'message', an 'internalMessage' listener doesn't ref the channel.

const { nextTick } = require('../real-timers');
const CMD = 'NODE_YUNFLY';
const send = process.send;

/** Tells the master. `sent` is called once the message was written, or cannot be any more. Without a callback Node
 *  would emit a failed write as 'error' on `process`, where nobody listens: it would be thrown in the app. */
function report(act, fields, sent = () => {}) {
  if (!process.connected) {
    nextTick(sent);
    return;
  }
  send.call(process, { cmd: CMD, act, ...fields }, sent);
}

/** Calls `commands[act]` for each message of the master. */
function onCommand(commands) {
  process.on('internalMessage', (message) => {
    if (message.cmd === CMD) commands[message.act]?.(message);
  });
}

/** The master did not deliver one of this process's messages. */
function onRefused({ code, limit }) {
  process.emitWarning(
    `A message of more than ${limit} bytes was not delivered. ` +
      'Send less, or raise maxMessageBytes in the cluster config.',
    { type: 'ClusterWarning', code },
  );
}

module.exports = { CMD, send, report, onCommand, onRefused };
