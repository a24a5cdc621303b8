'use strict';

/** Always the same numbers for a seed (Lehmer's generator); each call gives one from 0 to `below` - 1. */
function randomNumbers(seed) {
  let state = seed;
  return (below) => {
    state = (state * 48271) % 0x7fffffff;
    return state % below;
  };
}

module.exports = { randomNumbers };
