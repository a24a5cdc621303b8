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

const known = new WeakSet();
let accepted = 0;
let observer = { onListening() {}, onClose() {} };

function untrackSocket() {
  sockets.delete(this);
  handshakes.delete(this);
}

function trackSocket(socket) {
  accepted += 1;
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
  observer.onListening(this);
}

function onClose() {
  servers.delete(this);
  observer.onClose(this);
}

function trackServer(server) {
  known.add(server);
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
    if (!known.has(this)) trackServer(this);
    return Reflect.apply(listen, this, args);
  };
}

/** `onListening(server)` each time one begins to listen, `onClose(server)` when it and its connections are closed. */
function observe(callbacks) {
  observer = { ...observer, ...callbacks };
}

module.exports = { servers, sockets, handshakes, http2Sessions, trackServers, observe, accepted: () => accepted };
