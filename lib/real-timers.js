'use strict';

// Node's own timers, whatever a test puts in their place (jest, sinon, vitest, node:test) once this is loaded: what goes on between
// processes does not stand still with the clock of one.

/** Put in its place already. @sinonjs/fake-timers, which jest and vitest use, keeps what it replaced on its clock (hijackMethod in
 *  src/fake-timers-src.js). */
function real(holder, name) {
  const found = holder[name];
  return found.clock?.[`_${name}`] ?? found;
}

const hrtime = real(process, 'hrtime');

module.exports = {
  setTimeout: real(globalThis, 'setTimeout'),
  clearTimeout: real(globalThis, 'clearTimeout'),
  setInterval: real(globalThis, 'setInterval'),
  clearInterval: real(globalThis, 'clearInterval'),
  setImmediate: real(globalThis, 'setImmediate'),
  queueMicrotask: real(globalThis, 'queueMicrotask'),
  nextTick: real(process, 'nextTick'),
  /** In ms, from no moment in particular. Not `performance`: newer versions of Node load it only when it is used. */
  now: () => Number(hrtime.bigint()) / 1e6,
};
