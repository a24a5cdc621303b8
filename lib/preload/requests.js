'use strict';

// Counts the requests that come to this worker's servers (`maxRequests`, metrics): HTTP/1 by the channels of Node, HTTP/2 by its streams.
// What a server upgrades (WebSocket) is none.

const diagnostics = require('diagnostics_channel');
const { now } = require('../real-timers');
const servers = require('./servers');

// Held: Node keeps channels, with their subscribers, only weakly.
const requestStart = diagnostics.channel('http.server.request.start');

let started = 0;
let ended = 0;
/** Of those that ended, in ms. */
let duration = 0;
/** In ms: how many of those that ended took at most so long. The same as REQUEST_BOUNDS in crates/protocol/src/inbound.rs. */
const BOUNDS_MS = [5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000];
/** Between two bounds each; the last: longer than all. */
const durations = new Array(BOUNDS_MS.length + 1).fill(0);
let onChange;

/** Of connections: what ends their requests that came while another one was being answered. Node tells those nothing when the
 *  connection breaks (socketOnClose in lib/_http_server.js). */
const pipelined = new WeakMap();

/** Gives what is to be called when it is over. */
function begin() {
  const since = now();
  started += 1;
  onChange();
  return () => {
    const took = now() - since;
    ended += 1;
    duration += took;
    let bound = 0;
    while (took > BOUNDS_MS[bound]) bound += 1;
    durations[bound] += 1;
    onChange();
  };
}

function onRequest({ response, socket }) {
  const end = begin();
  // `_httpMessage`: the response that is being sent.
  if (socket._httpMessage) endWith(socket, response, end);
  else response.once('close', end);
}

function endWith(socket, response, end) {
  let ends = pipelined.get(socket);
  if (!ends) {
    pipelined.set(socket, (ends = new Set()));
    socket.once('close', () => ends.forEach((each) => each()));
  }
  const endOnce = () => ends.delete(endOnce) && end();
  ends.add(endOnce);
  response.once('close', endOnce);
}

function onStream(stream) {
  stream.once('close', begin());
}

/** From now on; `changed` is called whenever one begins or ends. */
function start(changed) {
  onChange = changed;
  requestStart.subscribe(onRequest);
  servers.observe({ onSession: (session) => session.on('stream', onStream) });
}

/** Since this process began. */
function counts() {
  return { started, ended, duration: Math.round(duration), durations };
}

module.exports = { start, counts };
