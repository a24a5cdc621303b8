'use strict';

// Closing connections without losing a request that the client may be sending just now.

const diagnostics = require('diagnostics_channel');
const { clearTimeout, now, setImmediate, setTimeout } = require('../real-timers');
const { closeAfterResponse } = require('./connection-close');
const { canBeHandedBack, handBackIdle } = require('./hand-back');
const {
  allClosed,
  begunRequests,
  findGiven,
  handshakes,
  http2Sessions,
  isHttp2,
  isPlain,
  noteGiven,
  sockets,
} = require('./servers');
const { isEventStream, isEventStream2, streamsOf } = require('./streams');

/** The largest stream id: with it a GOAWAY announces the end and still takes what is on its way (RFC 9113, 6.8). */
const LAST_STREAM_ID = 2 ** 31 - 1;
const NO_ERROR = 0;

/** Who has just connected is about to ask, also where idle connections are closed at once. */
const FIRST_REQUEST_MS = 20;
/** A request of which a part has come, or a handshake under way, may stand still for so long. */
const STANDSTILL_MS = 2000;

/** An event loop that took no longer than this for a turn has read what had come. */
const SHORT_TURN_MS = 5;

const SWEEP_MS = 50;
const SHORTEST_SWEEP_MS = 5;
const LONGEST_STEP_MS = 2 * SWEEP_MS;

// Held: Node keeps channels, with their subscribers, only weakly.
const requestStart = diagnostics.channel('http.server.request.start');

/** Every response from now on, and those under way that have no headers yet, tell the client that it's the last on its
 *  connection. */
function closeAfterResponses() {
  findGiven();
  requestStart.subscribe(({ response, socket }) => {
    noteGiven(socket);
    closeAfterResponse(response, socket);
  });
  for (const socket of sockets()) {
    if (isHttp1(socket) && socket._httpMessage && !isPipelined(socket)) closeAfterResponse(socket._httpMessage, socket);
  }
}

/** While `isReplaced()` idle HTTP/1 connections go on to other workers. Closes what stays idle for `grace()` ms, as long as the process
 *  lives. Resolves when no request is open, and none may come any more:
 *  HTTP/1 connections end after their responses, HTTP/2 after their streams, plain ones when the app or the client ends them, or
 *  when nothing was sent on them for `streamTimeout` ms. What is left are streams (streams.js). With no grace at all (development)
 *  idle ones go to the new process, and plain and upgraded ones are closed: whoever holds one is to come back. */
function requestsAnswered(grace, streamTimeout, isReplaced) {
  return new Promise((resolve) => {
    const sweep = new Sweep(grace, streamTimeout, isReplaced, resolve);
    sweep.pass();
    allClosed().then(resolve);
  });
}

class Sweep {
  #grace;
  #streamTimeout;
  #isReplaced;
  #answered;
  #timer;
  #idle = new IdleTimes();
  #announced = new WeakSet();

  constructor(grace, streamTimeout, isReplaced, answered) {
    this.#grace = grace;
    this.#streamTimeout = streamTimeout;
    this.#isReplaced = isReplaced;
    this.#answered = answered;
  }

  pass() {
    clearTimeout(this.#timer);
    const limit = this.#grace();
    const begun = begunRequests();
    let open = 0;
    const all = [...sockets()];
    const { others, here } = this.#isReplaced() ? handBackIdle(all) : { others: all, here: 0 };
    open += here;
    for (const socket of others) open += this.#isOpen(socket, limit, begun) ? 1 : 0;
    for (const socket of handshakes) open += this.#shakesHands(socket, limit) ? 1 : 0;
    for (const session of http2Sessions) open += this.#hasRequests(session, limit) ? 1 : 0;
    if (open === 0) this.#answered();
    // Where some are handed back there may be more.
    const pause = here > 0 ? SHORTEST_SWEEP_MS : Math.min(SWEEP_MS, Math.max(limit, SHORTEST_SWEEP_MS));
    this.#timer = setTimeout(() => this.pass(), pause).unref();
  }

  /** Whether a request is open on a connection, or may come. */
  #isOpen(socket, limit, begun) {
    if (isHttp2(socket)) return false;
    // One that has a request is handed back after its answer.
    if (limit === 0 && this.#isReplaced() && canBeHandedBack(socket)) return true;
    if (!isHttp1(socket) && limit > 0 && !isPlain(socket)) return false;
    if (isBusy(socket)) return !isEventStream(socket._httpMessage);
    const patience = isHttp1(socket)
      ? patienceFor(socket, limit, begun.has(socket.parser))
      : limit && this.#streamTimeout;
    this.#closeIdle(socket, patience, end);
    return true;
  }

  #shakesHands(socket, limit) {
    const patience = limit > 0 && socket.bytesRead > 0 ? Math.max(limit, STANDSTILL_MS) : limit;
    this.#closeIdle(socket, patience, (idle) => idle.destroy());
    return !socket.destroyed;
  }

  #hasRequests(session, limit) {
    const streams = streamsOf(session);
    if (session.destroyed) return false;
    if (!session.closed) {
      if (!this.#announced.has(session)) session.goaway(NO_ERROR, LAST_STREAM_ID);
      this.#announced.add(session);
      // What was on its way at the announcement has come; from now on no stream is taken, the open ones are finished.
      this.#closeIdle(session, limit, (idle) => idle.close());
    }
    return streams.length === 0 || !streams.every(isEventStream2);
  }

  /** After a turn of the event loop: in a process that stood still (no processor, a long task of the app) timers run before what came
   *  meanwhile is read, and to close with something unread resets the connection. A turn during which more may have come tells
   *  nothing, unless it is short against the time that the connection is overdue. */
  #closeIdle(connection, patience, close) {
    if (this.#idle.of(connection) < patience) return;
    if (patience === 0) return void close(connection);
    const asked = now();
    setImmediate(() => {
      const overdue = this.#idle.of(connection) - patience;
      if (overdue >= 0 && now() - asked <= SHORT_TURN_MS + overdue / 10) close(connection);
    });
  }
}

function patienceFor(socket, limit, isActive) {
  // Node counts a connection on which nothing came as active, too.
  if (isActive && socket.bytesRead > 0 && limit > 0) return Math.max(limit, STANDSTILL_MS);
  return isUnanswered(socket) ? Math.max(limit, FIRST_REQUEST_MS) : limit;
}

/** Requests that have no whole answer yet. */
function countRequests() {
  const http1 = [...sockets()].filter((socket) => isHttp1(socket) && isBusy(socket)).length;
  return http1 + [...http2Sessions].flatMap(streamsOf).length;
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

/** Another request came behind the one that is being answered. `incoming`: the newest (lib/_http_common.js); none once it is read and
 *  answered. */
function isPipelined({ parser, _httpMessage: response }) {
  return Boolean(parser.incoming) && parser.incoming !== response.req;
}

/** For TLS with a close_notify, without which the client would see a truncated stream. */
function end(socket) {
  if (socket.writableEnded) socket.destroy();
  else if (typeof socket.destroySoon === 'function') socket.destroySoon();
  // Any stream may be a connection of an http server (its event 'connection').
  else socket.end(() => socket.destroy());
}

class IdleTimes {
  #seen = new WeakMap();

  /** For how long nothing was received or sent, in ms; 0 at first sight. Of a time during which this process, or the whole machine, stood
   *  still only a little counts: the client had no more of it. */
  of(connection) {
    const { bytesRead = 0, bytesWritten = 0 } = connection;
    const time = now();
    const bytes = bytesRead + bytesWritten;
    const seen = this.#seen.get(connection);
    const idle = seen?.bytes === bytes ? seen.idle + Math.min(time - seen.time, LONGEST_STEP_MS) : 0;
    this.#seen.set(connection, { bytes, idle, time });
    return idle;
  }
}

module.exports = { closeAfterResponses, requestsAnswered, countRequests };
