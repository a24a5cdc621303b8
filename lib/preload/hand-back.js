'use strict';

// An idle connection of a worker that is replaced is not closed: a request may be on its way on it. It goes back to the master, which
// gives it to another worker, and what the client sends meanwhile waits in it.

const { detach } = require('../messages/detach');
const { send, CMD } = require('./channel');
const { forget, idleParsers, loads, parsersOf } = require('./servers');

/** So many are on their way at a time: each takes a descriptor of the master's, and of what the system allows to be on its way. */
const MOST_UNDER_WAY = 100;
let underWay = 0;

/** Hands back the connections that are idle, some at a time. Gives the others. */
function handBackIdle(sockets) {
  const parsers = idleParsers();
  const left = [];
  for (const socket of sockets) {
    if (underWay < MOST_UNDER_WAY && canBeHandedBack(socket) && isIdle(socket, parsers)) handBack(socket);
    else left.push(socket);
  }
  return left;
}

/** Nothing of a request is here that was not answered. */
function isIdle({ _httpMessage: response, writableLength, readableLength, bytesRead, parser }, parsers) {
  return !response && writableLength === 0 && readableLength === 0 && (bytesRead === 0 || parsers.has(parser));
}

/** The keys of a TLS connection are in its process, and one that Node accepted for no socket of the master's has no way back. Where
 *  something else than Node's HTTP server reads a connection first (the PROXY protocol, say), it would begin anew in the other worker. */
function canBeHandedBack({ server, parser, remoteFamily, encrypted, _handle: native }) {
  return Boolean(
    process.connected &&
    parser &&
    native &&
    remoteFamily &&
    !encrypted &&
    server &&
    loads.get(server)?.key &&
    parsersOf(server) &&
    server.listeners('connection')[0]?.name === 'connectionListener',
  );
}

function handBack(socket) {
  const { server } = socket;
  const { key } = loads.get(server);
  const native = detach(socket);
  forget(socket);
  underWay += 1;
  sendAtOnce({ cmd: CMD, act: 'returned', key }, native, () => {
    underWay -= 1;
    native.close();
    // Who keeps a list of connections hears that this one is gone.
    socket.destroy();
    server._emitCloseIfDrained();
  });
}

/** Node sends a handle when the one before it was acknowledged (`_handleQueue` in lib/internal/child_process.js). A process that has a
 *  hundred connections, and little time, would not come to the last of them. The master acknowledges none of these. */
function sendAtOnce(message, native, sent) {
  const { _handleQueue: queue } = process;
  process._handleQueue = null;
  try {
    send.call(process, message, native, {}, sent);
  } finally {
    process._handleQueue = queue;
  }
}

module.exports = { canBeHandedBack, handBackIdle };
