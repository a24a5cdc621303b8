'use strict';

const timers = require('../real-timers');

/** Takes the native handle out of a connection that becomes another process's, as Node does (`net.Socket` of handleConversion
 *  in lib/internal/child_process.js). Nothing more is read here, and the socket object is left without it. */
function detach(socket) {
  const { _handle: native, server } = socket;
  native.readStop();
  native.onread = () => {};
  socket._handle = null;
  if (server) server._connections -= 1;
  // Its destroy() would count it once more (Socket.prototype._destroy in lib/net.js).
  socket._server = null;
  socket.setTimeout(0);
  detachParser(socket);
  return native;
}

/** The same, and its server hears that it is gone: it may be its last one. */
function takeOver(socket) {
  const { server } = socket;
  const native = detach(socket);
  server?._emitCloseIfDrained();
  return native;
}

/** Of a connection of an HTTP server. Later: it may be the parser that is calling just now. */
function detachParser(socket) {
  const { parser } = socket;
  if (!parser) return;
  socket._httpMessage?.detachSocket(socket);
  socket.parser = null;
  // It reads from the handle by itself.
  if (parser._consumed) parser.unconsume();
  parser._consumed = false;
  parser.remove();
  timers.setImmediate(() => parser.close());
}

module.exports = { detach, takeOver };
