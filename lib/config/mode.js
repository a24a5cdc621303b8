'use strict';

/** Told where it is so and nobody has chosen a mode. */
const NOT_SET =
  'NODE_ENV is not set: development mode, 1 worker. Set NODE_ENV=production, or `mode` in the cluster config.';

/** The mode for a value of NODE_ENV. */
function modeFor(nodeEnv) {
  return nodeEnv === 'production' ? 'production' : 'development';
}

module.exports = { NOT_SET, modeFor };
