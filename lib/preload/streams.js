'use strict';

// What never ends by itself on a connection: event streams (SSE) and upgraded sockets (WebSocket). Everything else is a request.

const { clearTimeout, setTimeout } = require('../real-timers');
const { http2Sessions, isHttp2, isOfHttp, sockets } = require('./servers');

/** RFC 6455, 7.4.1: the endpoint is going away. */
const GOING_AWAY = 1001;
/** So long the other side has to take the end, and to answer a WebSocket's close frame. */
const CLOSE_MS = 1000;

const EVENT_STREAM = /^content-type: *text\/event-stream/im;

/** `_header`: what was sent, also of headers that writeHead() was given (lib/_http_outgoing.js). */
function isEventStream(response) {
  return typeof response._header === 'string' && EVENT_STREAM.test(response._header);
}

function isEventStream2(stream) {
  return String(stream.sentHeaders?.['content-type']).startsWith('text/event-stream');
}

/** The open streams of an HTTP/2 session (lib/internal/http2/core.js, kState; 18 to 26). */
function streamsOf(session) {
  const state = Object.getOwnPropertySymbols(session).find(({ description }) => description === 'state');
  return [...(session[state]?.streams.values() ?? [])];
}

/** Node's list of an http server's connections has them no more once they speak another protocol. A socket that doesn't keep the
 *  event loop alive isn't found, and isn't waited for either. */
function upgradedSockets() {
  const handles = process._getActiveHandles?.() ?? [];
  const all = new Set([...handles, ...sockets()]);
  const isUpgraded = (socket) => !socket.parser && isOfHttp(socket) && !isHttp2(socket);
  return [...all].filter(isUpgraded);
}

function closeUpgraded(socket) {
  // The npm package ws keeps its object at the socket; others have no way back.
  const symbol = Object.getOwnPropertySymbols(socket).find(({ description }) => description === 'websocket');
  if (typeof socket[symbol]?.close === 'function') socket[symbol].close(GOING_AWAY);
  else socket.destroySoon();
}

/** What the app writes to it from now on is dropped, as where the client has gone. */
function closeEventStream(response) {
  response.end();
  response.write = () => false;
  response.end = () => response;
}

/** The app may have put methods of its own there: what they throw doesn't keep the process. */
function attempt(close, stream) {
  try {
    close(stream);
  } catch {
    stream.destroy();
  }
}

/** Ends all of them in good order. Resolves when they are closed, or have had their time. */
async function closeStreams() {
  const closing = [];
  for (const socket of upgradedSockets()) {
    closing.push(socket);
    attempt(closeUpgraded, socket);
  }
  for (const socket of sockets()) {
    const response = socket.parser && socket._httpMessage;
    if (!response || !isEventStream(response)) continue;
    closing.push(socket);
    attempt(closeEventStream, response);
  }
  for (const stream of [...http2Sessions].flatMap(streamsOf).filter(isEventStream2)) {
    closing.push(stream);
    attempt(closeEventStream, stream);
  }
  if (closing.length === 0) return;
  const closed = closing.map(
    (one) => new Promise((resolve) => (one.destroyed ? resolve() : one.once('close', resolve))),
  );
  let timer;
  await Promise.race([Promise.all(closed), new Promise((resolve) => (timer = setTimeout(resolve, CLOSE_MS)))]);
  clearTimeout(timer);
  for (const one of closing) one.destroy();
}

module.exports = { isEventStream, isEventStream2, streamsOf, closeStreams };
