'use strict';
// What the engines of `engines/` need of Rust: more than the rest of the package does.

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { fail, root } = require('./prepare');

/** Why the engine can't be built here, and what to do; undefined if it can. */
function rustMissing() {
  const manifest = fs.readFileSync(path.join(root, 'engines/nats/Cargo.toml'), 'utf8');
  const [, needed] = /^rust-version = "(.+)"$/m.exec(manifest);
  const told = spawnSync('rustc', ['--version'], { cwd: root, encoding: 'utf8' });
  const advice = 'Install it from https://rustup.rs, or `rustup update`, and try again.';
  const version = /^rustc (\d+)\.(\d+)/.exec(told.stdout ?? '');
  if (!version) return `The fleet's engine needs Rust ${needed} or later, and rustc was not found on PATH. ${advice}`;
  const [major, minor] = needed.split('.').map(Number);
  const is = version.slice(1).map(Number);
  if (is[0] < major || (is[0] === major && is[1] < minor)) {
    return `The fleet's engine needs Rust ${needed} or later; this is ${told.stdout.trim()}. ${advice}`;
  }
  return undefined;
}

/** Ends this process where the engine can't be built. */
function checkRust() {
  const missing = rustMissing();
  if (missing) fail(missing);
}

module.exports = { checkRust, rustMissing };
