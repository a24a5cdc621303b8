'use strict';
// Projects into which users install the package.

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const PACKAGE = '@yunflyjs/cluster-native';
/** What yunfly's framework requires; package.json may have this package in its place. */
const ALIAS = '@yunflyjs/yunfly-cluster';
const APPS = ['app.js', 'app.mjs', 'primary.js', 'primary.mjs', 'bundles.js'];
const WITH_ALIAS = ['yunfly.js', 'yunfly.mjs'];
const WITH_FLEET = ['fleet.js'];

/** @returns what it said; throws if it fails, or, when it is to fail, if it does not. */
function run([command, ...args], { cwd, env, fails = false }) {
  const result = spawnSync(command, args, { cwd, env, encoding: 'utf8' });
  if (result.error) throw result.error;
  const output = result.stdout + result.stderr;
  if ((result.status !== 0) === fails) return output;
  throw new Error(`${command} ${args.join(' ')} ended with ${result.status ?? result.signal}:\n${output}`);
}

/** An empty project: apps that start a cluster with `require` and with `import`, primaries that fork by `register`, and a worker. */
function project(folder, name) {
  const cwd = path.join(folder, name);
  fs.cpSync(path.join(__dirname, 'project'), cwd, { recursive: true });
  return cwd;
}

/** The package works in this project, whichever way it is used. */
function works(cwd, env, { isAliased = false, hasFleet = false } = {}) {
  for (const app of [...APPS, ...(isAliased ? WITH_ALIAS : []), ...(hasFleet ? WITH_FLEET : [])]) {
    const output = run([process.execPath, app], { cwd, env });
    if (!output.endsWith('closed\n')) throw new Error(`${cwd}: ${app} said ${JSON.stringify(output)}`);
  }
  const { version } = JSON.parse(fs.readFileSync(path.join(cwd, 'node_modules', PACKAGE, 'package.json'), 'utf8'));
  const told = run([path.join(cwd, 'node_modules/.bin/cluster-native'), '--version'], { cwd, env }).trim();
  if (told !== version) throw new Error(`${cwd}: cluster-native --version said ${JSON.stringify(told)}`);
}

function contains(text, ...parts) {
  for (const part of parts) if (!text.includes(part)) throw new Error(`${JSON.stringify(part)} is not in:\n${text}`);
}

/** Each with caches of its own where it would keep what it installed for later. */
const managers = {
  npm: (...tarballs) => ['npm', 'install', '--no-audit', '--no-fund', '--loglevel=error', ...tarballs],
  yarn: (...tarballs) => [
    'npx',
    '--yes',
    'yarn@1.22.22',
    'add',
    '--no-progress',
    '--cache-folder',
    '.cache',
    ...tarballs,
  ],
  pnpm: (...tarballs) => ['npx', '--yes', 'pnpm@9', 'add', '--silent', '--store-dir', '.store', ...tarballs],
};

module.exports = { PACKAGE, ALIAS, run, project, works, contains, managers };
