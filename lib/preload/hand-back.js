'use strict';

// In development an idle connection is not closed when its worker drains: a request may be on its way on it. It goes back
// to the master, which gives it to the new worker.

const { detach } = require('../messages/detach');
const { send, CMD } = require('./channel');
const { keyOf } = require('./loads');
const { forget, loads, parsersOf } = require('./servers');

/** The master gave it, or it was accepted here. */
function keyFor({ _handle: native, server }) {
  return keyOf(native) ?? loads.get(server)?.key;
}

/** Nothing of a request is here that was not answered. */
function isIdle(socket) {
  if (socket._httpMessage || socket.writableLength > 0) return false;
  return socket.bytesRead === 0 || (parsersOf(socket.server)?.idle() ?? []).some((parser) => parser === socket.parser);
}

/** The keys of a TLS connection are in its process, and one that Node accepted for no socket of the master's has no way back. */
function canBeHandedBack(socket) {
  const { server, parser, remoteFamily, _handle: native } = socket;
  return Boolean(
    process.connected && parser && native && remoteFamily && !socket.encrypted && server && keyFor(socket),
  );
}

/** False: not now. */
function handBack(socket) {
  if (!isIdle(socket)) return false;
  const { server } = socket;
  const key = keyFor(socket);
  const native = detach(socket);
  forget(socket);
  sendAtOnce({ cmd: CMD, act: 'returned', key }, native, () => {
    native.close();
    server._emitCloseIfDrained();
  });
  return true;
}

/** Node sends a handle when the one before it was acknowledged (`_handleQueue` in lib/internal/child_process.js). A process that has a
 *  hundred connections, and little time, would not come to the last of them. The master acknowledges none of these. */
function sendAtOnce(message, native, sent) {
  const { _handleQueue: queue } = process;
  process._handleQueue = null;
  try {
    send.call(process, message, native, {}, sent);
  } finally {
    process._handleQueue = queue;
  }
}

module.exports = { canBeHandedBack, handBack };
