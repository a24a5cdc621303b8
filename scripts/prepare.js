'use strict';
// Makes a clone runnable: installs the dependencies and builds the native addon, both only where needed.
// Runs before anything is installed, so it may use nothing but Node itself.

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const root = path.join(__dirname, '..');

/** Runs a command in the foreground; ends this process with the command's own exit code if it fails. */
function run(command, args, options = {}) {
  console.log(`> ${[command, ...args].join(' ')}`);
  const result = spawnSync(command, args, { cwd: root, stdio: 'inherit', ...options });
  if (result.error?.code === 'ENOENT') fail(`${command} was not found on PATH.`);
  if (result.error) throw result.error;
  if (result.signal) process.kill(process.pid, result.signal);
  if (result.status !== 0) process.exit(result.status ?? 1);
}

function fail(message) {
  console.error(message);
  process.exit(1);
}

function modifiedAt(file) {
  return fs.statSync(path.join(root, file), { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

/** What installs the dependencies; nothing if they are there. */
function installCommands() {
  // npm writes this file last, so an interrupted install is done again.
  const installed = modifiedAt('node_modules/.package-lock.json');
  if (installed >= modifiedAt('package-lock.json')) return [];
  return [['npm', 'ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error']];
}

/** What builds the addon, if that can be done here. */
function buildCommand() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 17)) {
    fail(`Building needs Node 20.17 or later (this is ${process.version}); what was built runs on Node 18 too.`);
  }
  if (spawnSync('cargo', ['--version']).status !== 0) {
    fail('Building needs Rust, and cargo was not found on PATH. Install it from https://rustup.rs and try again.');
  }
  return ['npm', 'run', '--silent', 'build'];
}

function prepare() {
  for (const [command, ...args] of [...installCommands(), buildCommand()]) run(command, args);
}

module.exports = { buildCommand, installCommands, prepare, run, fail, root };
