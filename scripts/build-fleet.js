'use strict';
// `npm run build:fleet [-- --target <triple>]`: the engine of `fleet` (engines/nats) as the binding that a clone loads, for this machine
// or for another. `npm run build` does without it.

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { parseArgs } = require('node:util');
const { bindingFile } = require('../lib/native/fleet-engine');
const { bindingTarget } = require('../lib/native/missing');
const { fail, root } = require('./prepare');
const { checkRust } = require('./rust');

checkRust();
const { target: triple } = parseArgs({ options: { target: { type: 'string' } } }).values;
/** Only with a target of another machine are dependencies needed. */
const target = triple ? require('@napi-rs/cli').parseTriple(triple).platformArchABI : bindingTarget();
const env = { ...process.env };
// A library for musl is linked statically by default, which Node cannot load.
if (target.endsWith('-musl')) env.RUSTFLAGS = `${env.RUSTFLAGS ?? ''} -C target-feature=-crt-static`;
// The crate type here: a second one in Cargo.toml silently turns LTO off for the addon, and its tests need another.
const args = ['rustc', '--release', '--locked', '--lib', '--crate-type', 'cdylib'];
if (triple) args.push('--target', triple);
const built = spawnSync('cargo', [...args, '--message-format=json-render-diagnostics'], {
  cwd: path.join(root, 'engines/nats'),
  env,
  encoding: 'utf8',
  stdio: ['ignore', 'pipe', 'inherit'],
  maxBuffer: Infinity,
});
if (built.error) fail(`cargo could not be run: ${built.error.message}`);
if (built.status !== 0) process.exit(built.status ?? 1);
const messages = built.stdout.split('\n').filter((line) => line.startsWith('{'));
const made = messages.map((line) => JSON.parse(line)).find((message) => message.target?.crate_types.includes('cdylib'));
const binding = path.join(root, bindingFile(target));
fs.copyFileSync(made.filenames[0], `${binding}.new`);
// Never written in place: a process may have it mapped.
fs.renameSync(`${binding}.new`, binding);
console.log(`${path.basename(binding)}: ${(fs.statSync(binding).size / 1e6).toFixed(1)} MB`);
