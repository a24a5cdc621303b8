'use strict';

// fence() in the alone of a fleet: what the master tells of this host's lease, with the environment and at each renewal.

const { now } = require('../real-timers');

/** `{ token, until, left }` as JSON; `until` in ms on the clock of process.hrtime(). */
const VARIABLE = 'YUNFLY_CLUSTER_FENCE';

let lease;

/** What the alone's files wait for: nothing of it runs without a token. */
let isTold;
const told = new Promise((resolve) => {
  isTold = resolve;
});

/** @returns fence() of this package */
function start() {
  const { [VARIABLE]: json } = process.env;
  delete process.env[VARIABLE];
  if (json !== undefined) receive(JSON.parse(json));
  return fence;
}

/** `left`: for how long, where the system has several such clocks. */
function receive({ token, until, left }) {
  lease = { token, until: until ?? now() + left };
  isTold();
}

function fence() {
  // Reckoned anew each time: the clock of the day may have been set meanwhile.
  return lease && { token: lease.token, validUntil: Math.floor(Date.now() + lease.until - now()) };
}

module.exports = { receive, start, told };
