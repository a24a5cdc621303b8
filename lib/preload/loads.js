'use strict';

// Tells the master what the servers of this worker have: how many connections are open, and how many there were. The
// master knows which it gave to whom, but it sees neither those that a worker accepts by itself nor any that ends. Where requests are
// counted they are told along with it.

const { setTimeout } = require('../real-timers');
const { report } = require('./channel');
const servers = require('./servers');

/** How long changes are collected: soon enough for the master to balance by it. */
const COLLECT_MS = 25;
/** In a flood the master has stepped aside, and each report takes a turn from the requests. So many connections make one, if
 *  they come in so many reports one after the other: the first ones tell the master to step aside. */
const FLOOD_COLLECT_MS = 100;
const FLOOD = 20;
const FLOOD_REPORTS = 3;
/** Requests that come on open connections make a report of their own only so often. */
const REQUESTS_MS = 250;

/** Of the listening handles, and in development of the connections that came from the master: the key of its socket. */
const keys = new WeakMap();

let isDevelopment = false;
let timer = null;
let requests;
let requestsTimer = null;
let toldAccepted = 0;
let floods = 0;
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
  const accepted = servers.accepted();
  floods = accepted - toldAccepted >= FLOOD ? floods + 1 : 0;
  toldAccepted = accepted;
  report('connections', load(), () => {
    written = true;
  });
}

function load() {
  return { servers: [...servers.servers].map(describe), requests: requests?.counts() };
}

function changed() {
  timer ??= setTimeout(tell, floods < FLOOD_REPORTS ? COLLECT_MS : FLOOD_COLLECT_MS).unref();
}

function requestsChanged() {
  requestsTimer ??= setTimeout(() => {
    requestsTimer = null;
    changed();
  }, REQUESTS_MS).unref();
}

/** The answer to `queryServer`, and `newconn` (lib/internal/cluster/child.js). Node's own listener came first: the server has the
 *  handle by now, and tells soon that it listens. */
function onHandle({ cmd, act, key }, handle) {
  if (cmd !== 'NODE_CLUSTER' || key === undefined || !handle) return;
  if (isDevelopment || act !== 'newconn') keys.set(handle, key);
}

function start(mode, countsRequests) {
  isDevelopment = mode === 'development';
  process.on('internalMessage', onHandle);
  servers.observe({
    onChange: changed,
    keyOf: (handle) => keys.get(handle),
  });
  if (!countsRequests) return;
  requests = require('./requests');
  requests.start(requestsChanged);
  servers.observe({ onDrained: () => report('connections', load()) });
}

module.exports = { start, onHandle, keyOf: (handle) => keys.get(handle) };
