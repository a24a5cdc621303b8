'use strict';

// The files into which an ecosystem file wants the output of its app.

const os = require('os');
const path = require('path');
const { invalid } = require('../../config/check');

const NOWHERE = '/dev/null';

/**
 * The configuration's `output`; undefined: the file names none.
 * @param given the options of the app, by name
 */
function outputOf(given) {
  const isDisabled = given.get('disable_logs')?.value === true;
  const isMerged = isShared(given);
  const file = (name) => {
    const { key, value } = given.get(name) ?? {};
    if (value === undefined || value === false) return undefined;
    if (typeof value !== 'string' || value === '') throw invalid(key, value, 'the path of a file');
    if (value === 'NULL') return NOWHERE;
    const place = value.startsWith('~') ? path.join(os.homedir(), value.slice(1)) : value;
    return isMerged ? place : numbered(place);
  };
  const files = isDisabled
    ? { outFile: NOWHERE, errorFile: NOWHERE }
    : { outFile: file('out_file'), errorFile: file('error_file'), file: file('log_file') };
  return Object.values(files).some(Boolean) ? files : undefined;
}

/** `out.log` of worker 1 is `out-0.log`, as PM2 has it, which counts from 0. */
function numbered(file) {
  return file.replace(/(?:-\d+)?\.log$/, '-{instance}.log');
}

/** By default only one process that PM2 was not asked to multiply has files without a number in their names. */
function isShared(given) {
  const { key, value } = given.get('merge_logs') ?? {};
  if (value !== undefined && typeof value !== 'boolean') throw invalid(key, value, 'true or false');
  const isCluster = String(given.get('exec_mode')?.value).startsWith('cluster');
  const isCounted = !['max', '0', 'undefined'].includes(String(given.get('instances')?.value));
  return value ?? !(isCluster || isCounted);
}

module.exports = { outputOf };
