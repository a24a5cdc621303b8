'use strict';

// Which servers of this process listen, and what is connected to them. net.Server is the base of http's, https's,
// http2's and tls's servers; `net` itself is loaded already, the IPC channel needs it.

const net = require('net');

/** Servers that listen, or are closed and still have connections. */
const servers = new Set();
/** What speaks the server's protocol: sockets, for TLS the TLSSockets. Without those of http servers that Node's own list
 *  has: keeping another one took a tenth of what a short connection costs. */
const tracked = new Set();
/** TCP connections to TLS servers whose handshake isn't over. */
const handshakes = new Set();
const http2Sessions = new Set();

/** Of each server: the key of its socket, if the master holds it, how many connections there were, and Node's list of its
 *  connections' parsers, where that is enough. */
const loads = new WeakMap();

let accepted = 0;
let everySocket = false;
let observer = { onListening() {}, onClose() {}, onChange() {}, keyOf() {} };

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
  http2Sessions.add(session);
  session.on('close', untrackSession);
}

/** tls.Server and its heirs. */
function isTls(server) {
  return typeof server.setSecureContext === 'function';
}

/** Node's list (lib/_http_server.js, kConnections; 18 to 26). */
function parsersOf(server) {
  const symbol = Object.getOwnPropertySymbols(server).find(({ description }) => description === 'http.server.connections');
  return symbol && server[symbol];
}

function onListening() {
  servers.add(this);
  const load = loads.get(this);
  load.key = observer.keyOf(this);
  // Null if a listener before this one closed it.
  if (this._handle) countAccepted(this._handle, load);
  const parsers = everySocket || isTls(this) ? undefined : parsersOf(this);
  if (!parsers && !load.isTracked) this.on('connection', trackSocket);
  load.isTracked ||= !parsers;
  load.parsers = parsers;
  observer.onChange();
  observer.onListening(this);
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

function onClose() {
  servers.delete(this);
  observer.onChange();
  observer.onClose(this);
}

function trackServer(server) {
  loads.set(server, { key: undefined, accepted: 0, parsers: undefined, isTracked: false });
  server.on('listening', onListening);
  server.on('secureConnection', trackTlsSocket);
  server.on('session', trackSession);
  server.on('close', onClose);
}

/** All that speak a server's protocol now; of http servers those that still do. */
function sockets() {
  const all = new Set(tracked);
  for (const server of servers) {
    for (const parser of loads.get(server).parsers?.all() ?? []) if (parser.socket) all.add(parser.socket);
  }
  return all;
}

/** This process doesn't have it any more. */
function forget(socket) {
  tracked.delete(socket);
}

/** From now on every server that listens is known. `mode`: in development plain and upgraded connections count, too. */
function trackServers(mode) {
  everySocket = mode === 'development';
  const { listen, _emitCloseIfDrained: emitCloseIfDrained } = net.Server.prototype;
  // Node calls it at the end of each connection (lib/net.js, Socket.prototype._destroy).
  net.Server.prototype._emitCloseIfDrained = function () {
    observer.onChange();
    return emitCloseIfDrained.call(this);
  };
  net.Server.prototype.listen = function (...args) {
    if (!loads.has(this)) trackServer(this);
    return Reflect.apply(listen, this, args);
  };
}

/** `onListening(server)` each time one begins to listen, `onClose(server)` when it and its connections are closed,
 *  `onChange()` whenever a server or a connection comes or goes; `keyOf(server)` gives the key of its socket. */
function observe(callbacks) {
  observer = { ...observer, ...callbacks };
}

module.exports = {
  servers,
  loads,
  sockets,
  handshakes,
  http2Sessions,
  trackServers,
  parsersOf,
  forget,
  observe,
  accepted: () => accepted,
};
