'use strict';

// process.disconnect(), which cluster.worker.disconnect() ends in as well, while messages wait (outgoing.js): the channel is closed
// when they are out. For the app it is so at once, as under Node, which itself closes later what has handles under way: `connected` is
// false, nothing more is sent, 'disconnect' comes at the end (lib/internal/child_process.js).

const { flushBatch, isClosing, setClosing } = require('./channel');
const { handle, hasUnwritten } = require('./node-channel');

const { disconnect } = process;

/** What Node calls when an acknowledgement leaves its queue empty: other messages may wait then. */
let nodes;

function begin() {
  setClosing(true);
  process.connected = false;
  nodes = process._disconnect;
  process._disconnect = () => {};
}

/** All of it is Node's again. */
function end() {
  setClosing(false);
  process.connected = true;
  process._disconnect = nodes;
}

function close() {
  // Its end came first.
  if (!isClosing()) return;
  end();
  disconnect.call(process);
}

/** The app told this worker to disconnect, which is about to do so anyway. */
function isToldTo() {
  return Boolean(require('cluster').worker?.exitedAfterDisconnect);
}

/** Node calls process.disconnect() by itself when the channel has ended (`onread`): then nothing can be sent.
 *
 *  @param isWaiting whether something is to be sent first
 *  @param allWritten resolves when it was */
function delayDisconnect(isWaiting, allWritten) {
  if (!handle) return;
  let hasEnded = false;
  const { onread } = handle;
  handle.onread = function (...args) {
    if (!args[0]) {
      hasEnded = true;
      if (isClosing()) end();
    }
    return Reflect.apply(onread, this, args);
  };
  process.disconnect = function () {
    if (isClosing() && isToldTo()) return;
    flushBatch();
    const waits = isWaiting() || hasUnwritten() || process._handleQueue;
    if (hasEnded || !process.connected || !waits) {
      disconnect.call(process);
      return;
    }
    begin();
    allWritten().then(close);
  };
}

module.exports = { delayDisconnect };
