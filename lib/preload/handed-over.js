'use strict';

// Connections that the master accepts and gives to this worker. Node acknowledges the handle, passes the message on as one of node:cluster's in
// a turn of its own, and then answers it (lib/internal/child_process.js; onconnection in lib/internal/cluster/child.js): two messages for
// each connection. Here one answer says both.

const { isOpen, post } = require('./channel');
const { received } = require('./loads');
const servers = require('./servers');

/** What Node's own listener passes over. */
const TAKEN = 'NODE_YUNFLY_TAKEN';
const ignore = () => {};

function start() {
  // Ahead of Node's own.
  process.prependListener('internalMessage', onFrame);
}

function onFrame(frame, connection) {
  // What came without its handle is asked for again by Node.
  if (frame.cmd !== 'NODE_HANDLE' || !connection || frame.msg.act !== 'newconn' || frame.msg.cmd !== 'NODE_CLUSTER')
    return;
  const { key, seq } = frame.msg;
  const server = servers.listensAt(key);
  // Node refuses it.
  if (!server) return;
  frame.cmd = TAKEN;
  // The master gives it to another worker when it hears of none.
  const accepted = isOpen() && hasRoom(server);
  if (isOpen()) post({ cmd: 'NODE_CLUSTER', ack: seq, accepted }, undefined, undefined, ignore);
  if (!accepted) return void connection.close();
  received(connection, key);
  server._handle.onconnection(0, connection);
}

/** Node resets what a worker takes beyond it. With `dropMaxConnection` that is wanted. */
function hasRoom({ maxConnections, _connections: open, dropMaxConnection }) {
  return maxConnections == null || open < maxConnections || Boolean(dropMaxConnection);
}

module.exports = { start };
