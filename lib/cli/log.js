'use strict';

// The cluster's log, as the command has it.

const { AS_EVENT, createLog, readVariable, STRUCTURED } = require('../output/log');

const none = () => {};

/** Beside a display, for which `isShown` says that it tells the events itself: only what it does not tell. Undefined where YUNFLY_LOG
 *  says what the log is to be. */
function loggerFor({ isShown }) {
  if (readVariable(process.env.YUNFLY_LOG).level) return undefined;
  const print =
    (level) =>
    ({ cluster, ...fields }, text) =>
      isShown && fields[AS_EVENT] ? undefined : createLog({ title: cluster })[level](text, fields);
  return { [STRUCTURED]: true, error: print('error'), warn: isShown ? print('warn') : none, info: none, debug: none };
}

/** With YUNFLY_LOG=json all lines are JSON: what Node itself would print of process warnings as well. Without a display they tell what
 *  happens, if no other level is asked for. */
function beginJson() {
  const { level } = readVariable(process.env.YUNFLY_LOG);
  if (!level) process.env.YUNFLY_LOG += ',info';
  const log = createLog({ title: 'cluster-native' });
  process.removeAllListeners('warning');
  process.on('warning', ({ name, code, message }) => log.warn(message, { name, ...(code && { code }) }));
  return log;
}

module.exports = { loggerFor, beginJson };
