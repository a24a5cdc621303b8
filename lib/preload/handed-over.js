'use strict';

// Connections that the master accepts and gives to this worker. Node acknowledges the handle, passes the message on as one of node:cluster's in
// a turn of its own, and then answers it (lib/internal/child_process.js; onconnection in lib/internal/cluster/child.js): two messages for
// each connection. Here one answer says both.

const { setImmediate, setTimeout } = require('../real-timers');
const { send } = require('./channel');
const servers = require('./servers');

/** What Node's own listener passes over. */
const TAKEN = 'NODE_HANDLE_TAKEN';
const ignore = () => {};

/** Node's `keepAliveTimeoutBuffer` of newer versions: a client that keeps to the time it was told is not cut. */
const LATE_MS = 1000;
/** Of the time after which Node answers with 408: its own timer may be due in the same turn, and would be first. */
const IN_TIME = 0.9;

let onFull;

/** `full(server)` is called when a connection comes to a server that is full. */
function start(full) {
  onFull = full;
  // Ahead of Node's own.
  process.prependListener('internalMessage', onFrame);
}

/** What is not plainly to be taken is Node's matter. */
function onFrame(frame, connection) {
  const isConnection = frame.cmd === 'NODE_HANDLE' && connection && frame.msg?.act === 'newconn';
  if (!isConnection || frame.msg.cmd !== 'NODE_CLUSTER') return;
  const { key, seq, kept } = frame.msg;
  const server = servers.listensAt(key);
  if (!server) return;
  // What Node does then is not the same in all its versions.
  if (servers.isFull(server)) {
    onFull(server);
    return;
  }
  if (!answersAtOnce()) return;
  frame.cmd = TAKEN;
  send({ cmd: 'NODE_CLUSTER', ack: seq, accepted: true }, undefined, undefined, ignore);
  server._handle.onconnection(0, connection);
  if (kept) goesOn(server, connection);
}

/** It was idle in another worker. Node waits `keepAliveTimeout` for a request on such a one; of a new one it waits `headersTimeout` for the
 *  first, and would answer then with 408 what nobody has asked. Whichever comes first, it is closed without a word. */
function goesOn(server, connection) {
  const symbols = Object.getOwnPropertySymbols(connection);
  const socket = connection[symbols.find(({ description }) => description === 'owner_symbol')];
  const { keepAliveTimeout, headersTimeout, requestTimeout } = server;
  const idle = keepAliveTimeout && keepAliveTimeout + LATE_MS;
  const times = [idle, headersTimeout * IN_TIME, requestTimeout * IN_TIME].filter((time) => time > 0);
  if (!socket || times.length === 0) return;
  // A request that came during a long task of the app is read after the timers, and before this.
  const closeUnused = () => socket.bytesRead === 0 && socket.destroySoon();
  setTimeout(() => setImmediate(closeUnused), Math.min(...times)).unref();
}

/** While a handle of this process's is not acknowledged, all that it sends waits, but Node's acknowledgement: and the master may have its
 *  own behind this connection. */
function answersAtOnce() {
  return process.connected && !process._handleQueue;
}

module.exports = { start };
