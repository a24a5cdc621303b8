'use strict';

// `Connection: close` on a response, whatever the app sets itself.

const SWITCHING_PROTOCOLS = 101;

const marked = new WeakSet();
/** The newest request of a connection: others are pipelined before it, and none of them may close it. */
const newest = new WeakMap();

function closeAfterResponse(response, socket) {
  newest.set(socket, response);
  if (response.headersSent || marked.has(response)) return;
  marked.add(response);
  const { writeHead } = response;
  response.writeHead = function (statusCode, ...rest) {
    if (!this.headersSent && statusCode !== SWITCHING_PROTOCOLS && newest.get(socket) === this) {
      if (hasUnreadBody(this.req)) lingerAfterResponse(socket);
      setConnectionClose(this, rest);
    }
    return Reflect.apply(writeHead, this, [statusCode, ...rest]);
  };
}

/** writeHead(statusCode[, statusMessage][, headers]): `rest` is what follows the status code. Headers that are given
 *  here win over those of setHeader(), and given as an array they may hold duplicates, which setHeader() would merge. */
function setConnectionClose(response, rest) {
  const at = rest[1] == null ? 0 : 1;
  if (rest[at] !== null && typeof rest[at] === 'object') rest[at] = withConnectionClose(rest[at]);
  else response.setHeader('Connection', 'close');
}

function withConnectionClose(headers) {
  if (!Array.isArray(headers)) {
    const others = Object.entries(headers).filter(isOther);
    return { ...Object.fromEntries(others), Connection: 'close' };
  }
  if (Array.isArray(headers[0])) return [...headers.filter(isOther), ['Connection', 'close']];
  // Node throws.
  if (headers.length % 2 !== 0) return headers;
  const flat = [];
  for (let i = 0; i < headers.length; i += 2) {
    if (isOther([headers[i]])) flat.push(headers[i], headers[i + 1]);
  }
  return [...flat, 'Connection', 'close'];
}

function isOther([name]) {
  return String(name).toLowerCase() !== 'connection';
}

function hasUnreadBody(request) {
  const { 'content-length': length, 'transfer-encoding': encoding } = request.headers;
  return !request.complete && (encoding !== undefined || Number(length) > 0);
}

/** The response comes before the end of the request. After it Node destroys the socket by destroySoon()
 *  (lib/_http_server.js, resOnFinish): with unread data that is a reset, which can overtake the response. So only this
 *  side is ended, and what the client still sends is read (RFC 9112, 9.6). */
function lingerAfterResponse(socket) {
  socket.destroySoon = socket.end;
}

module.exports = { closeAfterResponse };
