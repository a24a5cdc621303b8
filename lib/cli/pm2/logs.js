'use strict';

// The files into which an ecosystem file wants the output of its app.

const os = require('os');
const path = require('path');
const { invalid } = require('../../config/check');

const NOWHERE = '/dev/null';

/**
 * `{ stdout, stderr, all, isShared }`: absolute paths, and whether all workers share them; undefined: there are none.
 * @param given the options of the app, by name
 */
function logsOf(given, cwd) {
  const isDisabled = given.get('disable_logs')?.value === true;
  const file = (name) => {
    const { key, value } = given.get(name) ?? {};
    if (value === undefined || value === false) return undefined;
    if (typeof value !== 'string' || value === '') throw invalid(key, value, 'the path of a file');
    if (value === 'NULL') return NOWHERE;
    return path.resolve(cwd, value.startsWith('~') ? path.join(os.homedir(), value.slice(1)) : value);
  };
  const logs = isDisabled
    ? { stdout: NOWHERE, stderr: NOWHERE }
    : { stdout: file('out_file'), stderr: file('error_file'), all: file('log_file') };
  return Object.values(logs).some(Boolean) ? { ...logs, isShared: isShared(given) } : undefined;
}

/** By default only one process that PM2 was not asked to multiply has files without a number in their names. */
function isShared(given) {
  const { key, value } = given.get('merge_logs') ?? {};
  if (value !== undefined && typeof value !== 'boolean') throw invalid(key, value, 'true or false');
  const isCluster = String(given.get('exec_mode')?.value).startsWith('cluster');
  const isCounted = !['max', '0', 'undefined'].includes(String(given.get('instances')?.value));
  return value ?? !(isCluster || isCounted);
}

module.exports = { logsOf };
