'use strict';

// Which servers of this process listen, and what is connected to them. net.Server is the base of http's, https's,
// http2's and tls's servers; `net` itself is loaded already, the IPC channel needs it.

const net = require('net');
const { nextTick } = require('../real-timers');

/** Servers that listen, or are closed and still have connections. */
const servers = new Set();
/** What speaks the server's protocol: sockets, for TLS the TLSSockets. Without those of http servers that Node's own list
 *  has: keeping another one took a tenth of what a short connection costs. */
const tracked = new Set();
/** TCP connections to TLS servers whose handshake isn't over. */
const handshakes = new Set();
const http2Sessions = new Set();
/** What the app gave to an http server that has not accepted it (`server.emit('connection', socket)`, as @socket.io/sticky does it). They
 *  are looked for when this process drains. */
const given = new Set();

/** Of each server: the key of its socket, if the master holds it, how many connections there were, and Node's list of its
 *  connections' parsers, where that is enough. */
const loads = new WeakMap();

/** By the keys of the master's sockets: the servers that began to listen there, and their handles. */
const atKeys = new Map();

let accepted = 0;
let everySocket = false;
let observer = { onListening() {}, onChange() {}, onEnded() {}, onSession() {}, onDrained() {}, keyOf() {} };
const whenAllClosed = [];

function untrackSocket() {
  tracked.delete(this);
  handshakes.delete(this);
}

function trackSocket(socket) {
  (isTls(this) ? handshakes : tracked).add(socket);
  socket.on('close', untrackSocket);
}

function trackTlsSocket(socket) {
  // `_parent`: the TCP socket below (lib/_tls_wrap.js).
  handshakes.delete(socket._parent);
  tracked.add(socket);
  socket.on('close', untrackSocket);
}

function untrackSession() {
  http2Sessions.delete(this);
}

function trackSession(session) {
  loads.get(this).isHttp2 = true;
  http2Sessions.add(session);
  session.on('close', untrackSession);
  observer.onSession(session);
}

/** tls.Server and its heirs. */
function isTls(server) {
  return typeof server.setSecureContext === 'function';
}

/** Node's list (lib/_http_server.js, kConnections; 18 to 26). */
function parsersOf(server) {
  const symbol = Object.getOwnPropertySymbols(server).find(
    ({ description }) => description === 'http.server.connections',
  );
  return symbol && server[symbol];
}

/** A server has its handle; 'listening' comes next. */
function begins(server) {
  servers.add(server);
  const load = loads.get(server);
  const native = server._handle;
  load.key = observer.keyOf(native);
  if (load.key !== undefined) atKeys.set(load.key, { server, native });
  countAccepted(native, load);
  if (!load.parsers && !load.isTracked) {
    load.isTracked = true;
    server.on('connection', trackSocket);
    // Node makes its list when it emits 'listening', which it does in the tick before this one.
    if (!everySocket && !isTls(server)) nextTick(leaveToNode, server);
  }
  observer.onChange();
  observer.onListening(server);
}

/** From now on Node's list is enough, if it has one. */
function leaveToNode(server) {
  const load = loads.get(server);
  load.parsers = parsersOf(server);
  if (!load.parsers) return;
  server.off('connection', trackSocket);
  load.isTracked = false;
}

/** Both what it accepts itself and what the master gives it (lib/internal/cluster/child.js) come to the handle. */
function countAccepted(native, load) {
  const { onconnection } = native;
  native.onconnection = function (status, client) {
    accepted += 1;
    load.accepted += 1;
    observer.onChange();
    return onconnection.call(this, status, client);
  };
}

/** In the place of a listening handle that was closed: the server is as before for the app, which may close it itself. Node's own for
 *  a worker that is given connections is of the same kind (rr() in lib/internal/cluster/child.js). */
class ClosedHandle {
  #name = {};

  constructor(native) {
    // That of a path has none: then Node tells the path.
    if (!native.getsockname) return;
    native.getsockname(this.#name);
    this.getsockname = (name) => {
      Object.assign(name, this.#name);
      return 0;
    };
  }

  listen() {
    return 0;
  }

  hasRef() {
    return false;
  }

  ref() {}
  unref() {}
  close() {}
}

/** Nobody connects to it any more. The app doesn't see that: what it does to a server at its end goes as ever. */
function stopAccepting(server) {
  const native = server._handle;
  if (!native || native instanceof ClosedHandle) return;
  server._handle = new ClosedHandle(native);
  native.close();
  endIfOver(server);
}

/** Nobody can connect to it, and nobody is connected. */
function endIfOver(server) {
  const accepts = server._handle && !(server._handle instanceof ClosedHandle);
  if (accepts || server._connections > 0 || !servers.delete(server)) return;
  const { key } = loads.get(server);
  if (atKeys.get(key)?.server === server) atKeys.delete(key);
  observer.onChange();
  endIfAllClosed();
}

function endIfAllClosed() {
  if (servers.size > 0 || given.size > 0) return;
  for (const then of whenAllClosed.splice(0)) then();
}

/** A socket may be one of those. `_server`: who has accepted it (onconnection in lib/net.js), if that was a server here: one for several
 *  protocols, say, which gives what speaks HTTP to an http server that does not listen. */
function noteGiven(socket) {
  if (given.has(socket) || !socket.server || socket._server === socket.server) return;
  if (!(socket.server instanceof require('http').Server)) return;
  given.add(socket);
  socket.once('close', () => {
    given.delete(socket);
    endIfAllClosed();
  });
}

/** Finds those that are there. */
function findGiven() {
  const handles = process._getActiveHandles?.() ?? [];
  for (const handle of handles) if (handle instanceof net.Socket && !handle.destroyed) noteGiven(handle);
}

function trackServer(server) {
  loads.set(server, { key: undefined, accepted: 0, parsers: undefined, isTracked: false, isHttp2: false });
  server.on('secureConnection', trackTlsSocket);
  server.on('session', trackSession);
}

/** It listens. Its listen() may have been called before trackServers() was. */
function listens(server) {
  if (!server._handle) return;
  if (!loads.has(server)) trackServer(server);
  begins(server);
}

/** All that speak a server's protocol now; of http servers those that still do. */
function sockets() {
  for (const socket of [...tracked, ...given]) passedOn(socket);
  const all = new Set([...tracked, ...given]);
  for (const server of servers) {
    for (const parser of loads.get(server).parsers?.all() ?? []) if (parser.socket) all.add(parser.socket);
  }
  return all;
}

/** It speaks neither HTTP/1 nor HTTP/2, and never did. */
function isPlain(socket) {
  const { server } = socket;
  return Boolean(server) && !given.has(socket) && !parsersOf(server) && !loads.get(server)?.isHttp2;
}

/** It speaks to an http server. The TCP connection below a TLSSocket has the same `server`, and is none. */
function isOfHttp(socket) {
  if (given.has(socket)) return true;
  const { server } = socket;
  return Boolean(servers.has(server) && parsersOf(server)) && (socket.encrypted === true || !isTls(server));
}

/** It speaks HTTP/2: what is open on it are its session's streams. A TLS server may speak HTTP/1 with others (`allowHTTP1`). */
function isHttp2({ server, alpnProtocol }) {
  return Boolean(loads.get(server)?.isHttp2) && (alpnProtocol ?? 'h2') === 'h2';
}

/** Node's parsers that wait for the rest of a request, or for a first one. */
function begunRequests() {
  return new Set([...servers].flatMap((server) => parsersOf(server)?.active() ?? []));
}

/** Node's parsers that wait for a next request. */
function idleParsers() {
  return new Set([...servers].flatMap((server) => parsersOf(server)?.idle() ?? []));
}

/** Resolves when nobody can connect any more and nobody is connected. */
function allClosed() {
  return new Promise((resolve) => {
    whenAllClosed.push(resolve);
    endIfAllClosed();
  });
}

/** Node has taken the handle out of it, to send it to another process (handleConversion in lib/internal/child_process.js): it never emits
 *  'close'. */
function isPassedOn(socket) {
  return socket._handle === null && !socket.destroyed;
}

/** This process doesn't have it any more. */
function forget(socket) {
  tracked.delete(socket);
  given.delete(socket);
}

/** It was sent with a message, and may be another process's now. */
function passedOn(handle) {
  if (!(handle instanceof net.Socket) || !isPassedOn(handle)) return;
  const { _server: server } = handle;
  forget(handle);
  // Node has counted that, and tells nobody. Its destroy() would count it once more (Socket.prototype._destroy in lib/net.js).
  handle._server = null;
  if (servers.has(server)) server._emitCloseIfDrained();
  else endIfAllClosed();
}

/** From now on every server that listens is known. `mode`: in development plain and upgraded connections count, too.
 *  Not by the servers' events: apps remove all listeners of a server. */
function trackServers(mode) {
  everySocket = mode === 'development';
  const { listen, _listen2: setUp, _emitCloseIfDrained: emitCloseIfDrained } = net.Server.prototype;
  // Node calls it at the end of each connection, and of the server's handle (lib/net.js, Socket.prototype._destroy, Server.close).
  net.Server.prototype._emitCloseIfDrained = function () {
    observer.onEnded(this);
    emitCloseIfDrained.call(this);
    endIfOver(this);
  };
  // The last step of every listen() (setupListenHandle).
  net.Server.prototype._listen2 = function (...args) {
    Reflect.apply(setUp, this, args);
    listens(this);
  };
  net.Server.prototype.listen = function (...args) {
    if (!loads.has(this)) trackServer(this);
    return Reflect.apply(listen, this, args);
  };
}

/** `onListening(server)` each time one begins to listen, `onEnded(server)` when a connection of it ends, or its handle, `onChange()` whenever
 *  else a server or a connection comes or goes, `onSession(session)` for each that speaks HTTP/2, `onDrained()` when this process is about to
 *  end; `keyOf(handle)` gives the key of a listening handle. */
function observe(callbacks) {
  observer = { ...observer, ...callbacks };
}

/** How many came to sockets that no other process takes from. */
function acceptedAlone() {
  const own = [...servers].map((server) => loads.get(server)).filter(({ key }) => key === undefined);
  return own.reduce((sum, load) => sum + load.accepted, 0);
}

/** It has as many connections as it may. */
function isFull({ maxConnections, _connections: open }) {
  return maxConnections != null && !(open < maxConnections);
}

/** The server of a socket of the master's, if it still is. */
function listensAt(key) {
  const begun = atKeys.get(key);
  return begun?.server._handle === begun?.native ? begun?.server : undefined;
}

module.exports = {
  servers,
  loads,
  sockets,
  handshakes,
  http2Sessions,
  trackServers,
  listens,
  listensAt,
  isFull,
  stopAccepting,
  isPlain,
  isHttp2,
  isOfHttp,
  noteGiven,
  findGiven,
  parsersOf,
  begunRequests,
  idleParsers,
  allClosed,
  forget,
  passedOn,
  observe,
  accepted: () => accepted,
  acceptedAlone,
  drained: () => observer.onDrained(),
};
