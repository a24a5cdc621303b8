'use strict';

/** Which host has the alone of the fleet, in words. */
function aloneHolder({ alone, fleet: { holder, leases } }) {
  if (holder) return holder.host;
  // One that was never taken, and runs all the same: this host has no share in that of the fleet.
  const isOwn = alone && alone.state !== 'elsewhere' && leases.acquired === 0;
  return isOwn ? 'each host has its own' : 'no host has it';
}

module.exports = { aloneHolder };
