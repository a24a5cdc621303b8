'use strict';

// Connections that the master accepts and gives to this worker. Node acknowledges the handle, passes the message on as one of node:cluster's in
// a turn of its own, and then answers it (lib/internal/child_process.js; onconnection in lib/internal/cluster/child.js): two messages for
// each connection. Here one answer says both.

const { send } = require('./channel');
const servers = require('./servers');

/** What Node's own listener passes over. */
const TAKEN = 'NODE_HANDLE_TAKEN';
const ignore = () => {};

function start() {
  // Ahead of Node's own.
  process.prependListener('internalMessage', onFrame);
}

/** What is not plainly to be taken is Node's matter. */
function onFrame(frame, connection) {
  const isConnection = frame.cmd === 'NODE_HANDLE' && connection && frame.msg?.act === 'newconn';
  if (!isConnection || frame.msg.cmd !== 'NODE_CLUSTER' || !answersAtOnce()) return;
  const { key, seq } = frame.msg;
  const server = servers.listensAt(key);
  if (!server || isLimited(server)) return;
  frame.cmd = TAKEN;
  send({ cmd: 'NODE_CLUSTER', ack: seq, accepted: true }, undefined, undefined, ignore);
  server._handle.onconnection(0, connection);
}

/** While a handle of this process's is not acknowledged, all that it sends waits, but Node's acknowledgement: and the master may have its
 *  own behind this connection. */
function answersAtOnce() {
  return process.connected && !process._handleQueue;
}

/** What Node does at the limit is not the same in all its versions. */
function isLimited({ maxConnections, _connections: open }) {
  return maxConnections != null && !(open < maxConnections);
}

module.exports = { start };
