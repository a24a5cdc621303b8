'use strict';
// The package's install step: does nothing where a prebuilt binding loads, and otherwise builds one with cargo.

const { spawnSync } = require('child_process');
const fs = require('fs');
const path = require('path');
const { bindingTarget, isClone, listed, prebuilt } = require('./missing');
const { name, napi } = require('../../package.json');

const root = path.join(__dirname, '../..');

/** Why no binding loads, or undefined if one does. It is tried in a process of its own: a binding that was made for another
 *  libc may crash instead of failing. */
function whyNoneLoads() {
  const script = `
    try { require('./native.js'); }
    catch (error) { console.log(require('./lib/native/missing.js').reasons(error).join('\\n')); process.exit(1); }`;
  const tried = spawnSync(process.execPath, ['-e', script], { cwd: root, encoding: 'utf8' });
  if (tried.error) throw tried.error;
  if (tried.signal) return [`loading the binding ended Node with ${tried.signal}`];
  return tried.status === 0 ? undefined : tried.stdout.trim().split('\n');
}

/** @returns the file that cargo made. It is asked where that is: a `build.target` of the user's configuration moves it. */
function cargoBuild(targetFolder) {
  const env = { ...process.env };
  // A library for musl is linked statically by default, which Node cannot load.
  if (bindingTarget().endsWith('-musl')) env.RUSTFLAGS = `${env.RUSTFLAGS ?? ''} -C target-feature=-crt-static`;
  const built = spawnSync(
    'cargo',
    ['build', '--release', '--locked', '--message-format=json-render-diagnostics', '--target-dir', targetFolder],
    { cwd: root, env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'], maxBuffer: Infinity },
  );
  if (built.error?.code === 'ENOENT') fail('cargo, which would build one, was not found on PATH.');
  if (built.error) throw built.error;
  if (built.status !== 0)
    fail(`cargo could not build one (${built.signal ?? `exit code ${built.status}`}); its own words are above.`);
  const messages = built.stdout.split('\n').filter((line) => line.startsWith('{'));
  const library = messages.map((line) => JSON.parse(line)).find(({ target }) => target?.crate_types.includes('cdylib'));
  return library.filenames[0];
}

function build() {
  const targetFolder = path.join(root, 'target');
  const binding = path.join(root, `${napi.binaryName}.${bindingTarget()}.node`);
  try {
    fs.copyFileSync(cargoBuild(targetFolder), `${binding}.new`);
    // Never written in place: with pnpm the file may be one with that of other projects, and a process may have it mapped.
    fs.renameSync(`${binding}.new`, binding);
  } finally {
    fs.rmSync(targetFolder, { recursive: true, force: true });
  }
}

class InstallError extends Error {}

function fail(problem) {
  const [, rust] = /^rust-version = "(.+)"$/m.exec(fs.readFileSync(path.join(root, 'Cargo.toml'), 'utf8'));
  throw new InstallError(`${problem}
To build it, install Rust ${rust} or later (https://rustup.rs) and a C linker (cc), and install ${name} again.
${prebuilt()}`);
}

function install() {
  if (isClone()) return;
  if (process.platform !== 'linux' && process.platform !== 'darwin') {
    throw new InstallError(`It runs on Linux and macOS, not on ${process.platform}. On Windows install it in WSL.`);
  }
  const missing = whyNoneLoads();
  if (!missing) return;
  console.error(
    `${name}: no prebuilt binding loads on ${bindingTarget()}:\n${listed(missing)}\nBuilding one with cargo …`,
  );
  build();
  const wrong = whyNoneLoads();
  if (wrong) fail(`The binding that cargo built does not load:\n${listed(wrong)}`);
}

try {
  install();
} catch (error) {
  if (!(error instanceof InstallError)) throw error;
  console.error(`${name}: ${error.message}`);
  process.exitCode = 1;
}
