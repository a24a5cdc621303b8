'use strict';

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { spawnSync } = require('node:child_process');
const { bindingTarget } = require('../../lib/native/missing');

const root = path.join(__dirname, '../..');
let folder;

/** The package as it is installed, without a binding. */
beforeEach(() => {
  folder = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'cluster-native-install-')));
  for (const name of ['lib', 'native.js', 'package.json', 'Cargo.toml']) {
    fs.cpSync(path.join(root, name), path.join(folder, name), { recursive: true });
  }
});

afterEach(() => fs.rmSync(folder, { recursive: true }));

/** PATH holds what is in the folder `bin` alone. */
function node(...args) {
  const PATH = path.join(folder, 'bin');
  return spawnSync(process.execPath, args, { cwd: folder, env: { ...process.env, PATH }, encoding: 'utf8' });
}

const bindingFile = () => path.join(folder, `cluster-native.${bindingTarget()}.node`);
const makeClone = () => fs.cpSync(path.join(root, 'scripts/prepare.js'), path.join(folder, 'scripts/prepare.js'));

test('the name of the binding is the one that the build gave it', () => {
  expect(fs.existsSync(path.join(root, path.basename(bindingFile())))).toBe(true);
});

test('a binding that loads: nothing is done and nothing said', () => {
  fs.copyFileSync(path.join(root, path.basename(bindingFile())), bindingFile());
  expect(node('lib/native/install.js')).toMatchObject({ status: 0, stdout: '', stderr: '' });
});

test('in a clone nothing is done and nothing said', () => {
  makeClone();
  expect(node('lib/native/install.js')).toMatchObject({ status: 0, stdout: '', stderr: '' });
});

test('no cargo: what is missing, where to get it, what is prebuilt', () => {
  const { status, stderr } = node('lib/native/install.js');
  expect(status).toBe(1);
  expect(stderr).toContain('cargo, which would build one, was not found on PATH.');
  expect(stderr).toMatch(/install Rust 1\.\d+ or later \(https:\/\/rustup\.rs\)/);
  expect(stderr).toContain('x86_64-unknown-linux-gnu');
});

test('a cargo that fails: its exit code is told, and nothing is left behind', () => {
  fs.mkdirSync(path.join(folder, 'bin'));
  fs.writeFileSync(path.join(folder, 'bin/cargo'), '#!/bin/sh\n: > "$6"/begun || exit 9\nexit 101\n', { mode: 0o755 });
  fs.mkdirSync(path.join(folder, 'target'));
  const { status, stderr } = node('lib/native/install.js');
  expect(status).toBe(1);
  expect(stderr).toContain('cargo could not build one (exit code 101)');
  expect(fs.readdirSync(folder)).not.toContain('target');
});

test('a binding that does not load: the reason is told', () => {
  fs.writeFileSync(bindingFile(), 'no library');
  expect(node('lib/native/install.js').stderr).toContain(path.basename(bindingFile()));
  const { stderr } = node('lib/native/addon.js');
  expect(stderr).toContain("code: 'ERR_NATIVE_MISSING'");
  expect(stderr).toContain(`has no native binding that loads on ${bindingTarget()} with Node ${process.version}`);
  expect(stderr).toContain(bindingFile());
  expect(stderr).toContain(`node ${path.join(folder, 'lib/native/install.js')}`);
});

test('in a clone that was not built the remedy is to build it', () => {
  makeClone();
  fs.unlinkSync(path.join(folder, 'native.js'));
  expect(node('lib/native/addon.js').stderr).toContain('build it with `npm run build`');
});
