'use strict';
// The command, as it asks and tells a cluster that runs: to its end.

const { execFile } = require('node:child_process');
const { runtime } = require('./cluster');
const { command } = require('./command');

/** Nothing of the test's own environment decides. */
const CLEAN = { FORCE_COLOR: undefined, NO_COLOR: undefined };

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

module.exports = { ask, askJson };
