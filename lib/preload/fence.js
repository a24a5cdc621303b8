'use strict';

// fence() in who has a role of a fleet: what the master tells of this host's lease. The alone has it with its environment, the random worker
// when it is chosen, before its message; and both hear of each renewal.

const { now } = require('../real-timers');

/** `{ token, until, left }` as JSON; `until` in ms on the clock of process.hrtime(). */
const VARIABLE = 'YUNFLY_CLUSTER_FENCE';

let lease;

/** What the alone's files wait for: nothing of it runs without a token. */
let isTold;
const told = new Promise((resolve) => {
  isTold = resolve;
});

/** The alone begins. */
function start() {
  const { [VARIABLE]: json } = process.env;
  delete process.env[VARIABLE];
  if (json !== undefined) receive(JSON.parse(json));
}

/** `left`: for how long, where the system has several such clocks. */
function receive({ token, until, left }) {
  // Where fence() of this package looks, be it another copy of it (lib/messages/here.js).
  if (!lease) Object.defineProperty(process, Symbol.for('yunfly.cluster.fence'), { get: fence, configurable: true });
  lease = { token, until: until ?? now() + left };
  isTold();
}

function fence() {
  // Reckoned anew each time: the clock of the day may have been set meanwhile.
  return lease && { token: lease.token, validUntil: Math.floor(Date.now() + lease.until - now()) };
}

module.exports = { receive, start, told };
