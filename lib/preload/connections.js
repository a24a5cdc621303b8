'use strict';

// Closing connections without losing a request that the client may be sending just now.

const diagnostics = require('diagnostics_channel');
const { closeAfterResponse } = require('./connection-close');
const { canBeHandedBack, handBack } = require('./hand-back');
const { sockets, handshakes, http2Sessions } = require('./servers');

/** The largest stream id: with it a GOAWAY announces the end and still takes what is on its way (RFC 9113, 6.8). */
const LAST_STREAM_ID = 2 ** 31 - 1;
const NO_ERROR = 0;

/** Who has just connected is about to ask, also where idle connections are closed at once. */
const FIRST_REQUEST_MS = 20;

const SWEEP_MS = 50;
const SHORTEST_SWEEP_MS = 5;

// Held: Node keeps channels, with their subscribers, only weakly.
const requestStart = diagnostics.channel('http.server.request.start');

/** Every response from now on, and those under way that have no headers yet, tell the client that it's the last on its
 *  connection. */
function closeAfterResponses() {
  requestStart.subscribe(({ response, socket }) => closeAfterResponse(response, socket));
  for (const socket of sockets()) {
    if (isHttp1(socket) && socket._httpMessage) closeAfterResponse(socket._httpMessage, socket);
  }
}

/** Closes what stays idle for `grace()` ms, until the returned function is called. Everything else ends by itself:
 *  HTTP/1 after its response, HTTP/2 after its streams; plain and upgraded sockets when the app or the client ends
 *  them. With no grace at all (development) idle ones go to the new process, and plain and upgraded ones are closed: whoever
 *  holds one is to come back. */
function sweep(grace) {
  let timer;
  let over = false;
  const idle = new IdleTimes();
  const announced = new WeakSet();
  const again = () => {
    clearTimeout(timer);
    if (!over) pass();
  };
  const pass = () => {
    const limit = grace();
    for (const socket of sockets()) {
      if (!isHttp1(socket) && limit > 0) continue;
      if (limit === 0 && canBeHandedBack(socket)) {
        handBack(socket, again);
        continue;
      }
      const patience = isUnanswered(socket) ? Math.max(limit, FIRST_REQUEST_MS) : limit;
      if (idle.of(socket, isBusy(socket)) >= patience) end(socket);
    }
    for (const socket of handshakes) {
      if (idle.of(socket, false) >= limit) socket.destroy();
    }
    for (const session of http2Sessions) {
      if (session.closed || session.destroyed) continue;
      if (!announced.has(session)) session.goaway(NO_ERROR, LAST_STREAM_ID);
      announced.add(session);
      // What was on its way at the announcement has come; from now on no stream is taken, the open ones are finished.
      if (idle.of(session, false) >= limit) session.close();
    }
    timer = setTimeout(pass, Math.min(SWEEP_MS, Math.max(limit, SHORTEST_SWEEP_MS)));
  };
  pass();
  return () => {
    over = true;
    clearTimeout(timer);
  };
}

/** `parser` is set as long as a socket speaks HTTP/1: not for HTTP/2, not after an upgrade. */
function isHttp1(socket) {
  return Boolean(socket.parser);
}

/** Its first request may be on its way, or here in part. */
function isUnanswered(socket) {
  return isHttp1(socket) && socket.bytesWritten === 0;
}

/** `_httpMessage`: the response that is being sent (lib/_http_outgoing.js, assignSocket). */
function isBusy(socket) {
  return Boolean(socket._httpMessage);
}

/** For TLS with a close_notify, without which the client would see a truncated stream. */
function end(socket) {
  if (socket.writableEnded) socket.destroy();
  else socket.destroySoon();
}

class IdleTimes {
  #seen = new WeakMap();

  /** Since when nothing was received and nothing was under way, in ms; 0 at first sight, less if something is under way. */
  of(connection, busy) {
    const now = performance.now();
    const seen = this.#seen.get(connection);
    const { bytesRead } = connection;
    if (busy || !seen || seen.bytesRead !== bytesRead) {
      this.#seen.set(connection, { bytesRead, since: now });
      return busy ? -1 : 0;
    }
    return now - seen.since;
  }
}

module.exports = { closeAfterResponses, sweep };
