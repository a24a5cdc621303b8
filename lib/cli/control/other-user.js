'use strict';

// A cluster answers its own user only: whoever is root becomes that user.

const { once } = require('events');
const { execFileSync, spawn } = require('child_process');
const os = require('os');
const path = require('path');
const { ClusterError } = require('../../errors');
const { UsageError } = require('../options');

const BIN = path.join(__dirname, '../../../bin/cluster-native.js');

/** As a shell tells it. */
const EXIT_BY_SIGNAL = 128;
/** From a terminal these reach the command as well. */
const FROM_TERMINAL = ['SIGINT', 'SIGQUIT'];
const PASSED_ON = ['SIGTERM', 'SIGHUP'];

/** The exit code of the command as that user; undefined where this process has that user already. */
async function runAs(user, argv) {
  const { uid, gid } = idsOf(user);
  if (uid === process.getuid()) return undefined;
  if (process.getuid() !== 0) throw new UsageError(`--user ${user} is for root. Try: sudo cluster-native …`);
  const child = spawn(process.execPath, [BIN, ...argv], { uid, gid, stdio: 'inherit' });
  const release = holdSignals(child);
  try {
    const [code, signal] = await once(child, 'exit');
    return code ?? EXIT_BY_SIGNAL + os.constants.signals[signal];
  } catch ({ message }) {
    const remedy = 'That user must be able to run this Node.js and to read this package.';
    const what = `--user ${user}: ${process.execPath} could not be started (${message}).`;
    throw new ClusterError('ERR_CONTROL_FAILED', `${what} ${remedy}`);
  } finally {
    release();
  }
}

/** The command decides when it ends: `profile` still writes its file. */
function holdSignals(child) {
  const listeners = [
    ...FROM_TERMINAL.map((name) => [name, () => {}]),
    ...PASSED_ON.map((name) => [name, () => child.kill(name)]),
  ];
  for (const [name, listener] of listeners) process.on(name, listener);
  return () => {
    for (const [name, listener] of listeners) process.removeListener(name, listener);
  };
}

/** A number need not have a name, nor a group. */
function idsOf(user) {
  try {
    const [uid, gid] = ['-u', '-g'].map((flag) => Number(execFileSync('id', [flag, '--', user], { stdio: 'pipe' })));
    return { uid, gid };
  } catch {
    if (/^\d{1,9}$/.test(user)) return { uid: Number(user), gid: Number(user) };
    throw new UsageError(`--user: there is no user '${user}'.`);
  }
}

module.exports = { runAs };
