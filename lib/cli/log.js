'use strict';

// The cluster's log, where the command shows nothing itself.

const { createLog, readVariable } = require('../output/log');

/** With YUNFLY_LOG=json all lines are JSON: also what Node itself would print of process warnings. */
function beginJson() {
  useLevel('info');
  const log = createLog({ title: 'cluster-native' });
  process.removeAllListeners('warning');
  process.on('warning', ({ name, code, message }) => log.warn(message, { name, ...(code && { code }) }));
  return log;
}

/** Nothing but errors: no process warnings of this package or Node, either, as with `node --no-warnings`. */
function beQuiet() {
  useLevel('error');
  process.removeAllListeners('warning');
}

/** Unless a level is asked for. */
function useLevel(usual) {
  const { YUNFLY_LOG: words = '' } = process.env;
  if (!readVariable(words).level) process.env.YUNFLY_LOG = words === '' ? usual : `${words},${usual}`;
}

module.exports = { beginJson, beQuiet };
