'use strict';

// Tells the master what the servers of this worker have: how many connections are open, and how many there were. The
// master knows which it gave to whom, but it sees neither those that a worker accepts by itself nor any that ends.

const { report } = require('./channel');
const servers = require('./servers');

/** How long changes are collected: at thousands of connections per second a report costs nothing then. */
const COLLECT_MS = 25;

/** Of the listening handles and of the connections that came from the master: the key of its socket. */
const keys = new WeakMap();

let timer = null;
let written = true;

function describe(server) {
  const { key, accepted } = servers.loads.get(server);
  // Node resets what a server takes beyond maxConnections, unless it is the master that gives it.
  const limited = server.maxConnections != null && !server.dropMaxConnection;
  return { key, open: server._connections, accepted, limited };
}

function tell() {
  timer = null;
  // The master does not read while it slows this process down.
  if (!written) {
    changed();
    return;
  }
  written = false;
  report('connections', { servers: [...servers.servers].map(describe) }, () => {
    written = true;
  });
}

function changed() {
  timer ??= setTimeout(tell, COLLECT_MS).unref();
}

/** The answer to `queryServer`, and `newconn` (lib/internal/cluster/child.js). Node's own listener came first: the server has the
 *  handle by now, and tells soon that it listens. */
function onHandle({ cmd, key }, handle) {
  if (cmd === 'NODE_CLUSTER' && key !== undefined && handle) keys.set(handle, key);
}

function start() {
  process.on('internalMessage', onHandle);
  servers.observe({
    onChange: changed,
    keyOf: (server) => (server._handle ? keys.get(server._handle) : undefined),
  });
}

module.exports = { start, keyOf: (handle) => keys.get(handle) };
