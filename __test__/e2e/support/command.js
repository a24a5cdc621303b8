'use strict';
// The command `cluster-native`, run to its end.

const { execFile } = require('node:child_process');
const path = require('node:path');
const { runtime } = require('./cluster');

const command = path.join(__dirname, '../../../bin/cluster-native.js');
/** Nothing of the test's own environment decides. */
const CLEAN = { NODE_ENV: undefined, FORCE_COLOR: undefined, NO_COLOR: undefined, CI: undefined };

const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;

/** Resolves with its exit code and its output. */
function ask(...args) {
  return new Promise((resolve) => {
    const env = { ...process.env, ...CLEAN };
    execFile(runtime, [command, ...args.map(String)], { env }, (error, stdout, stderr) =>
      resolve({ code: error ? error.code : 0, stdout, stderr }),
    );
  });
}

/** Its result with `--json`. */
async function askJson(...args) {
  const { stdout, stderr } = await ask(...args, '--json');
  if (stdout === '') throw new Error(stderr);
  return JSON.parse(stdout);
}

/** A command line on a terminal of its own, as script(1) makes one; what is written to its stdin is what is typed. */
function onTerminal(...args) {
  const line = [runtime, command, ...args.map(String)];
  // exec: Ctrl-C would reach the shell too, and dash, unlike bash, dies of it after its command has ended.
  const forShell = `exec ${line.map(quoted).join(' ')}`;
  const recorded = process.platform === 'darwin' ? ['-q', '/dev/null', ...line] : ['-qefc', forShell, '/dev/null'];
  return { commandLine: ['script', ...recorded], env: { ...CLEAN, TERM: 'xterm' } };
}

module.exports = { ask, askJson, onTerminal };
