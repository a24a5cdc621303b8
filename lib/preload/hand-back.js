'use strict';

// An idle connection of a worker that is replaced is not closed: a request may be on its way on it. It goes back to the master, which
// gives it to another worker, and what the client sends meanwhile waits in it.

const { detach } = require('../messages/detach');
const { send, CMD } = require('./channel');
const { forget, idleParsers, loads, parsersOf } = require('./servers');

/** So many are on their way at a time: each takes a descriptor of the master's, and of what the system allows to be on its way. */
const MOST_UNDER_WAY = 100;
let underWay = 0;

/** Hands back the connections that are idle, some at a time. Gives the others, and how many of the idle ones are here yet. */
function handBackIdle(sockets) {
  const parsers = idleParsers();
  const others = [];
  let waiting = 0;
  for (const socket of sockets) {
    if (!isIdle(socket, parsers) || !canBeHandedBack(socket)) others.push(socket);
    else if (underWay < MOST_UNDER_WAY) handBack(socket);
    else waiting += 1;
  }
  return { others, here: waiting + underWay };
}

/** Nothing of a request is here that was not answered, and neither side has ended it. */
function isIdle(socket, parsers) {
  if (socket._httpMessage || !(socket.bytesRead === 0 || parsers.has(socket.parser))) return false;
  const isOpen = !socket.destroyed && !socket.writableEnded && !socket.readableEnded;
  return isOpen && socket.writableLength === 0 && socket.readableLength === 0;
}

/** The keys of a TLS connection are in its process, and one that Node accepted for no socket of the master's has no way back. Where
 *  something else than Node's HTTP server reads a connection first (the PROXY protocol, say), it would begin anew in the other worker.
 *  Nothing that is connected any more has a family; of a unix socket nothing has (net.Socket.remoteFamily). */
function canBeHandedBack({ server, _server: owner, parser, remoteFamily, encrypted, _handle: native }) {
  return Boolean(
    process.connected &&
    parser &&
    native &&
    (remoteFamily || native.constructor.name === 'Pipe') &&
    !encrypted &&
    server &&
    server === owner &&
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
