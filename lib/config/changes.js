'use strict';

// What reload() and scale() may be given.

const { ClusterError } = require('../errors');
const { shown } = require('./check');
const { FIELDS } = require('./fields');
const { workers } = require('./kinds');

const OPTIONS = {
  env: FIELDS.env,
  exec: { ...FIELDS.exec, required: false },
  args: FIELDS.args,
  target: {
    allowed: "'worker', 'alone' or 'all'",
    accepts: (value) => ['worker', 'alone', 'all'].includes(value),
  },
  concurrency: workers(1),
};

function checkReload(options) {
  if (options === null || typeof options !== 'object') {
    throw new ClusterError('ERR_RELOAD_INVALID', `reload(): its options must be an object, but are ${shown(options)}.`);
  }
  for (const [name, value] of Object.entries(options)) {
    const option = Object.hasOwn(OPTIONS, name) ? OPTIONS[name] : undefined;
    if (!option) {
      const known = Object.keys(OPTIONS).join(', ');
      throw new ClusterError(
        'ERR_RELOAD_INVALID',
        `reload(): \`${name}\` is not an option. The options are: ${known}.`,
      );
    }
    if (value !== undefined && !option.accepts(value)) {
      const message = `reload(): \`${name}\` must be ${option.allowed}, but is ${(option.seen ?? shown)(value)}. Correct it, or leave it out.`;
      throw new ClusterError('ERR_RELOAD_INVALID', message);
    }
  }
}

function checkCount(count) {
  const { allowed, accepts } = workers(1);
  if (accepts(count)) return;
  throw new ClusterError('ERR_SCALE_INVALID', `scale(): it takes ${allowed}, but got ${shown(count)}.`);
}

module.exports = { checkReload, checkCount };
