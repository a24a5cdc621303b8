'use strict';

// Handles that wait in a lane (outgoing.js), possibly for long: each outlives the close() of whoever owns it until it was passed on.
// Node itself closes nothing that it has written, but it writes at once; what it queues loses its handle to a close() (`_handleQueue` in
// lib/internal/child_process.js).
//
// They are kept here and not passed on to wait with the master: there each takes a descriptor of the app, and Node sends nothing
// more, not even its own messages, before a handle is acknowledged. Nor can they be duplicated, for which Node has no call. So the
// native handle is kept from being closed. A listening one would accept whom the next owner is to have, from its close() on: that is
// when it has to leave, with what waits before it, however far behind the receiver is.

const dgram = require('dgram');
const net = require('net');
const { takeOver } = require('../messages/detach');

/** Of native handles that wait: in which messages, and what closes them. */
const waiting = new WeakMap();

/** `kStateSymbol` (lib/internal/dgram.js; 18 to 26): the `_handle` of such a socket warns of its deprecation. */
function stateSymbolOf(socket) {
  return Object.getOwnPropertySymbols(socket).find(({ description }) => description === 'state symbol');
}

/** An object that Node takes for one of this class, and that has the native handle whatever becomes of the app's own. */
function standIn({ prototype }, fields) {
  return Object.assign(Object.create(prototype), fields);
}

function isNative(handle) {
  return ['TCP', 'Pipe', 'UDP'].includes(handle?.constructor?.name);
}

/** While `message` waits the handle stays open. `onClosed()`: its owner has closed it. */
function keepOpen(native, message, onClosed) {
  let kept = waiting.get(native);
  if (!kept) {
    kept = { messages: new Map(), close: native.close, closing: undefined };
    waiting.set(native, kept);
    native.close = (...args) => {
      kept.closing ??= args;
      // What comes for it is another's, and it keeps this process no longer.
      native.readStop?.();
      native.recvStop?.();
      native.unref?.();
      for (const tell of [...kept.messages.values()]) tell();
    };
  }
  kept.messages.set(message, onClosed);
}

function letGo(native, message) {
  const kept = waiting.get(native);
  if (!kept?.messages.delete(message) || kept.messages.size > 0) return;
  waiting.delete(native);
  native.close = kept.close;
  if (kept.closing) native.close(...kept.closing);
}

/** What to pass on in place of a handle whose message waits.
 *
 *  @returns `handle`; `letGo(error)`, to be called when it was passed on, or cannot be */
function keep(handle, options, message, onClosed) {
  const kept = (native, inPlace) => {
    keepOpen(native, message, onClosed);
    return { handle: inPlace, letGo: () => letGo(native, message) };
  };
  // A closed one: as in Node the message goes without it.
  const closed = { handle: undefined, letGo() {} };
  if (handle instanceof net.Socket) {
    const { _handle: native } = handle;
    if (!native) return closed;
    // Node says what is wrong with it: it is TLS.
    if (!isNative(native)) return { handle, letGo() {} };
    if (options?.keepOpen) return kept(native, standIn(net.Socket, { _handle: native }));
    takeOver(handle);
    // Node closes it when it is acknowledged.
    const isSent = (error) => error && native.close();
    return { handle: standIn(net.Socket, { _handle: native, setTimeout() {} }), letGo: isSent };
  }
  if (handle instanceof net.Server) {
    const { _handle: native } = handle;
    return native ? kept(native, standIn(net.Server, { _handle: native })) : closed;
  }
  if (handle instanceof dgram.Socket) {
    const symbol = stateSymbolOf(handle);
    const { handle: native } = handle[symbol];
    return native ? kept(native, standIn(dgram.Socket, { type: handle.type, [symbol]: { handle: native } })) : closed;
  }
  return isNative(handle) ? kept(handle, handle) : { handle, letGo() {} };
}

module.exports = { keep };
