'use strict';

// Which servers of this process listen, and what is connected to them. net.Server is the base of http's, https's,
// http2's and tls's servers; `net` itself is loaded already, the IPC channel needs it.

const net = require('net');

/** Servers that listen, or are closed and still have connections. */
const servers = new Set();
/** What speaks the server's protocol: sockets, for TLS the TLSSockets. */
const sockets = new Set();
/** TCP connections to TLS servers whose handshake isn't over. */
const handshakes = new Set();
const http2Sessions = new Set();

/** Of each server: the key of its socket, if the master holds it, and how many connections there were. */
const loads = new WeakMap();

let accepted = 0;
let observer = { onListening() {}, onClose() {}, onChange() {}, keyOf() {} };

function untrackSocket() {
  sockets.delete(this);
  handshakes.delete(this);
  observer.onChange();
}

function trackSocket(socket) {
  accepted += 1;
  loads.get(this).accepted += 1;
  observer.onChange();
  // tls.Server and its heirs.
  const tracked = typeof this.setSecureContext === 'function' ? handshakes : sockets;
  tracked.add(socket);
  socket.on('close', untrackSocket);
}

function trackTlsSocket(socket) {
  // `_parent`: the TCP socket below (lib/_tls_wrap.js).
  handshakes.delete(socket._parent);
  sockets.add(socket);
  socket.on('close', untrackSocket);
}

function untrackSession() {
  http2Sessions.delete(this);
}

function trackSession(session) {
  http2Sessions.add(session);
  session.on('close', untrackSession);
}

function onListening() {
  servers.add(this);
  loads.get(this).key = observer.keyOf(this);
  observer.onChange();
  observer.onListening(this);
}

function onClose() {
  servers.delete(this);
  observer.onChange();
  observer.onClose(this);
}

function trackServer(server) {
  loads.set(server, { key: undefined, accepted: 0 });
  server.on('listening', onListening);
  server.on('connection', trackSocket);
  server.on('secureConnection', trackTlsSocket);
  server.on('session', trackSession);
  server.on('close', onClose);
}

/** From now on every server that listens is known. */
function trackServers() {
  const { listen } = net.Server.prototype;
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

module.exports = { servers, loads, sockets, handshakes, http2Sessions, trackServers, observe, accepted: () => accepted };
