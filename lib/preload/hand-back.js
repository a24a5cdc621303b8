'use strict';

// In development an idle connection is not closed when its worker drains: a request may be on its way on it. It goes back
// to the master, which gives it to the new worker.

const { detach } = require('../messages/detach');
const { setImmediate } = require('../real-timers');
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

/** One at a time: while it waits behind another a request could come. `then`: when the next one can go. False: not now. */
function handBack(socket, then) {
  if (process._handleQueue || !isIdle(socket)) return false;
  const { server } = socket;
  const key = keyFor(socket);
  const native = detach(socket);
  forget(socket);
  const onAcknowledged = ({ cmd }) => {
    if (cmd !== 'NODE_HANDLE_ACK') return;
    process.off('internalMessage', onAcknowledged);
    // Node's own listener comes first or last: then its queue is empty.
    setImmediate(then);
  };
  process.on('internalMessage', onAcknowledged);
  send.call(process, { cmd: CMD, act: 'returned', key }, native, {}, () => {
    native.close();
    server._emitCloseIfDrained();
  });
  return true;
}

module.exports = { canBeHandedBack, handBack };
