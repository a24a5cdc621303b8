'use strict';

// Flags of Node's own that are passed to the processes: those that NODE_OPTIONS may hold, and these, which it may not in each version.

const PLAIN = ['cpu-prof', 'heap-prof', 'expose-gc', 'prof'];
/** Their values may stand after a blank as well. */
const WITH_VALUE = [
  'env-file',
  'env-file-if-exists',
  'cpu-prof-dir',
  'cpu-prof-interval',
  'cpu-prof-name',
  'heap-prof-dir',
  'heap-prof-interval',
  'heap-prof-name',
];

const isNodeFlag = ({ name, rawName }) =>
  PLAIN.includes(name) || WITH_VALUE.includes(name) || process.allowedNodeEnvironmentFlags.has(rawName);

module.exports = { isNodeFlag, WITH_VALUE };
