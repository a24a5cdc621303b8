'use strict';

// Tells the master what the servers of this worker have: how many connections are open, and how many there were. The
// master knows which it gave to whom, but it sees neither those that a worker accepts by itself nor any that ends. Where requests are
// counted they are told along with it.

const { clearTimeout, now, setTimeout } = require('../real-timers');
const { report, vitalsDue } = require('./channel');
const servers = require('./servers');

/** How long changes are collected: soon enough for the master to balance by it. */
const COLLECT_MS = 25;
/** While there is always something to report, each report takes a turn from the requests, and those of many workers take the master's time:
 *  after so many without a pause of this length. The first ones tell the master whether to step aside. */
const STEADY_COLLECT_MS = 100;
const STEADY_REPORTS = 3;
const PAUSE_MS = 150;
/** Requests that come on open connections make a report of their own only so often. */
const REQUESTS_MS = 250;

/** Of the listening handles: the key of the master's socket. */
const keys = new WeakMap();

/** The key in the answer to `queryServer` that is being taken in. A dispatched server's handle is Node's own, and comes without one. */
let answered;

let timer = null;
let requests;
let requestsTimer = null;
let toldAt = -Infinity;
let reports = 0;
/** Of the last report: 'done'; 'under way'; 'more is due': it is under way, and the next is sent right after it. */
let writing = 'done';
/** A server that had no room for a connection: the master holds others back until it hears of room. */
let fullServer;

function describe(server) {
  const { key, accepted } = servers.loads.get(server);
  // Node resets what a server takes beyond maxConnections, unless it is the master that gives it.
  const limited = server.maxConnections != null && !server.dropMaxConnection;
  return { key, open: server._connections, accepted, limited };
}

function tell() {
  clearTimeout(timer);
  timer = null;
  // The master does not read while it slows this process down.
  if (writing !== 'done') {
    writing = 'more is due';
    return;
  }
  writing = 'under way';
  const time = now();
  reports = time - toldAt < PAUSE_MS ? reports + 1 : 0;
  toldAt = time;
  report('connections', load(), () => {
    const isMoreDue = writing === 'more is due';
    writing = 'done';
    if (isMoreDue) tell();
  });
}

function load() {
  return { servers: [...servers.servers].map(describe), requests: requests?.counts(), vitals: vitalsDue() };
}

function changed() {
  timer ??= setTimeout(tell, reports < STEADY_REPORTS ? COLLECT_MS : STEADY_COLLECT_MS).unref();
}

/** A connection came to a server that is full. With `dropMaxConnection` the server takes it, and resets it. */
function full(server) {
  if (!server.dropMaxConnection) fullServer = server;
}

function ended(server) {
  if (server !== fullServer || servers.isFull(server)) {
    changed();
    return;
  }
  fullServer = undefined;
  tell();
}

function requestsChanged() {
  requestsTimer ??= setTimeout(() => {
    requestsTimer = null;
    changed();
  }, REQUESTS_MS).unref();
}

/** The answer to `queryServer` (lib/internal/cluster/child.js). Ahead of Node's own listener, in which the server gets its handle. */
function onAnswer({ cmd, act, key }, handle) {
  if (cmd !== 'NODE_CLUSTER' || act === 'newconn' || key === undefined) return;
  answered = key;
  if (handle) keys.set(handle, key);
}

/** What stands for a socket that is the master's alone (rr() in lib/internal/cluster/child.js). Others begin to listen in that moment, too: in a
 *  UDP socket's 'listening', say. */
function isNodes(handle) {
  return Object.getPrototypeOf(handle) === Object.prototype;
}

/** Behind Node's own listener. */
function onTakenIn() {
  answered = undefined;
}

function start(countsRequests) {
  process.prependListener('internalMessage', onAnswer);
  process.on('internalMessage', onTakenIn);
  servers.observe({
    onChange: changed,
    onEnded: ended,
    keyOf: (handle) => keys.get(handle) ?? (isNodes(handle) ? answered : undefined),
  });
  if (!countsRequests) return;
  requests = require('./requests');
  requests.start(requestsChanged);
  servers.observe({ onDrained: () => report('connections', load()) });
}

module.exports = { start, full, onAnswer, onTakenIn, keyOf: (handle) => keys.get(handle) };
