'use strict';
// `npm run test:packed [-- jest arguments]`: the e2e tests against the package as users get it, with its bundles. Packs it and installs
// the tarball into a temporary folder; beside that a folder with the tests looks like this repository, but all that is of the package
// is a link to what was installed. Node follows the links: what is loaded is in node_modules.

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { bindingFile } = require('../lib/native/fleet-engine');
const { name } = require('../package.json');
const { managers, run } = require('./pack/projects');
const { fleetPackage, pack } = require('./pack/tarballs');
const { root } = require('./prepare');

/** What the tests are, and run: copies, so that what they require is found beside them. */
const COPIED = ['__test__', 'examples', 'jest.config.js', 'tsconfig.json'];
/** What they only read. */
const LINKED = ['benchmark', 'crates', 'docs', 'scripts', 'README.md', 'README.zh-CN.md'];

/** @returns the folders of what was installed: of the package itself, and of the fleet's engine if that was built. */
function install(folder) {
  const cwd = path.join(folder, 'installed');
  fs.mkdirSync(cwd);
  fs.writeFileSync(path.join(cwd, 'package.json'), '{}');
  const engine = fleetPackage(folder);
  run(managers.npm(pack(folder), ...(engine ? [engine.tarball] : [])), { cwd });
  const modules = path.join(cwd, 'node_modules');
  return { own: path.join(modules, name), engine: engine && path.join(modules, engine.name) };
}

function link(from, to) {
  for (const entry of fs.readdirSync(from)) {
    const place = path.join(to, entry);
    if (!fs.existsSync(place)) fs.symlinkSync(path.join(from, entry), place);
  }
}

/** A folder like this repository, with the installed package in place of its own files. */
function project(folder) {
  const installed = install(folder);
  const copy = path.join(folder, 'project');
  for (const entry of COPIED) {
    if (fs.existsSync(path.join(root, entry)))
      fs.cpSync(path.join(root, entry), path.join(copy, entry), { recursive: true });
  }
  for (const entry of LINKED) fs.symlinkSync(path.join(root, entry), path.join(copy, entry));
  fs.mkdirSync(path.join(copy, 'node_modules'));
  link(path.join(root, 'node_modules'), path.join(copy, 'node_modules'));
  link(installed.own, copy);
  // The tests look for it here to tell whether they can be run. The package finds its own.
  if (installed.engine) fs.symlinkSync(path.join(installed.engine, bindingFile()), path.join(copy, bindingFile()));
  return copy;
}

const folder = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'cluster-native-packed-')));
// As an installed package can be read by every user, and some tests have several.
fs.chmodSync(folder, 0o755);
try {
  const cwd = project(folder);
  const jest = path.join(cwd, 'node_modules/.bin/jest');
  const env = { ...process.env, PACKED_UNDER_TEST: '1' };
  const { status } = spawnSync(jest, ['--selectProjects=e2e', ...process.argv.slice(2)], {
    cwd,
    env,
    stdio: 'inherit',
  });
  process.exitCode = status ?? 1;
} finally {
  fs.rmSync(folder, { recursive: true });
}
