'use strict';
// The command, as a user runs it.

const path = require('node:path');
const { launch, runtime } = require('./cluster');
const { request } = require('./client');

const command = path.join(__dirname, '../../../bin/cluster-native.js');
/** Nothing of the test's own environment decides. */
const CLEAN = { NODE_ENV: undefined, FORCE_COLOR: undefined, NO_COLOR: undefined, CI: undefined };

function run(args, { env, ...options } = {}) {
  return launch({}, { commandLine: [runtime, command, ...args], env: { ...CLEAN, ...env }, ...options });
}

const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;

/** On a terminal of its own, as script(1) makes one; what is written to its stdin is what is typed. */
function runOnTerminal(args, { env, ...options } = {}) {
  const line = [runtime, command, ...args];
  // exec: Ctrl-C would reach the shell too, and dash, unlike bash, dies of it after its command has ended.
  const forShell = `exec ${line.map(quoted).join(' ')}`;
  const recorded = process.platform === 'darwin' ? ['-q', '/dev/null', ...line] : ['-qefc', forShell, '/dev/null'];
  return launch({}, { commandLine: ['script', ...recorded], env: { ...CLEAN, TERM: 'xterm', ...env }, ...options });
}

const lines = (app) => app.output.split('\n');
const tables = (app) => app.output.split('┌').slice(1);

/** The port of a started app, with its table. */
async function ready(app) {
  const [line] = await app.event('output', (text) => /listens on.*localhost:\d+/.test(text));
  await app.event('output', (text) => text.includes('└'));
  return Number(/localhost:(\d+)/.exec(line)[1]);
}

const ask = async (listening) => (await request(listening)).body;

module.exports = { ask, command, lines, ready, run, runOnTerminal, tables };
