'use strict';
// The tarballs that are published: the package, and the per-platform package with the binding of this machine.

const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { bindingFile, optionalPackage } = require('../../lib/native/fleet-engine');
const { bindingTarget } = require('../../lib/native/missing');
const { fleetPackages } = require('../fleet-packages');
const { napi } = require('../../package.json');

const root = path.join(__dirname, '../..');
const WANTED = [
  'bin/cluster-native.js',
  'index.js',
  'index.d.ts',
  'index.mjs',
  'index.d.mts',
  'yunfly.js',
  'yunfly.d.ts',
  'lib/yunfly/index.js',
  'lib/native/install.js',
  'lib/bundle/app.cjs',
  'lib/bundle/preload.cjs',
  'native.js',
  'page.html.gz',
  'README.md',
  'README.zh-CN.md',
  'CHANGELOG.md',
  'LICENSE',
  'Cargo.toml',
  'Cargo.lock',
  'build.rs',
  'src/lib.rs',
  'crates/core/Cargo.toml',
  'crates/core/src/lib.rs',
  'crates/master/Cargo.toml',
  'crates/master/src/lib.rs',
  'crates/protocol/Cargo.toml',
  'crates/protocol/src/lib.rs',
  'crates/sys/Cargo.toml',
  'crates/sys/src/lib.rs',
  'crates/watch/Cargo.toml',
  'crates/watch/src/lib.rs',
];

function npmPack(source, folder, ...flags) {
  fs.mkdirSync(folder, { recursive: true });
  const output = execFileSync('npm', ['pack', '--json', '--silent', '--pack-destination', folder, ...flags], {
    cwd: source,
    encoding: 'utf8',
  });
  const [{ filename, files }] = JSON.parse(output);
  return { tarball: path.join(folder, filename), files: files.map((file) => file.path) };
}

/** The package with the binding that was built here. */
function pack(folder) {
  const { tarball, files } = npmPack(root, path.join(folder, 'package'));
  const missing = WANTED.filter((name) => !files.includes(name));
  if (!files.some((name) => name.endsWith('.node'))) missing.push('*.node');
  const strays = files.filter((name) => /^(__test__|docs|examples|scripts|target|fuzz|node_modules|\.)/.test(name));
  if (missing.length > 0 || strays.length > 0)
    throw new Error(`the tarball lacks [${missing}] and has [${strays}] too much`);
  return tarball;
}

/** The package without a binding in it, as a release publishes it. */
function withoutBinding(tarball, folder, name, optionalDependencies) {
  const unpacked = path.join(folder, `${name}-unpacked`);
  fs.mkdirSync(unpacked);
  execFileSync('tar', ['-xzf', tarball, '-C', unpacked]);
  const source = path.join(unpacked, 'package');
  for (const file of fs.readdirSync(source)) if (file.endsWith('.node')) fs.unlinkSync(path.join(source, file));
  const manifest = JSON.parse(fs.readFileSync(path.join(source, 'package.json'), 'utf8'));
  fs.writeFileSync(path.join(source, 'package.json'), JSON.stringify({ ...manifest, optionalDependencies }, null, 2));
  // Its bundles are in it; what makes them is not.
  return npmPack(source, path.join(folder, name), '--ignore-scripts').tarball;
}

/** What the release workflow publishes for this machine's platform. */
function platformPackage(folder) {
  const npmFolder = path.join(folder, 'npm');
  execFileSync('npx', ['napi', 'create-npm-dirs', '--npm-dir', npmFolder], { cwd: root, stdio: 'pipe' });
  const binding = `${napi.binaryName}.${bindingTarget()}.node`;
  const source = path.join(npmFolder, binding.split('.')[1]);
  fs.copyFileSync(path.join(root, binding), path.join(source, binding));
  const { name } = JSON.parse(fs.readFileSync(path.join(source, 'package.json'), 'utf8'));
  return { name, tarball: npmPack(source, path.join(folder, 'platform')).tarball };
}

/** What it publishes of the fleet's engine; undefined where that was not built. */
function fleetPackage(folder) {
  const binding = path.join(root, bindingFile());
  if (!fs.existsSync(binding)) return undefined;
  const target = bindingTarget();
  const source = fleetPackages(path.join(folder, 'fleet')).find((place) => path.basename(place) === target);
  fs.copyFileSync(binding, path.join(source, bindingFile()));
  return { name: optionalPackage(target), tarball: npmPack(source, path.join(folder, 'engine')).tarball };
}

module.exports = { fleetPackage, pack, platformPackage, withoutBinding };
