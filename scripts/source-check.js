'use strict';
// `npm run test:source`: what users get where there is no prebuilt binding, with Rust. Takes as long as cargo does, so it is
// no part of `npm test`. With yarn 1: npm 12 runs no install step of a dependency that the project didn't allow it.

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { pack, withoutBinding } = require('./pack/tarballs');
const { PACKAGE, managers, project, run, works } = require('./pack/projects');

const folder = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'cluster-native-source-')));
try {
  const tarball = withoutBinding(pack(folder), folder, 'bare');
  const cwd = project(folder, 'from-source');
  console.log('yarn add: cargo builds the binding …');
  run(managers.yarn(tarball), { cwd, env: process.env });
  works(cwd, process.env);
  const files = fs.readdirSync(path.join(cwd, 'node_modules', PACKAGE));
  if (files.includes('target')) throw new Error('the install step left its target folder behind');
  console.log('built from source; require, import and the command work');
} finally {
  fs.rmSync(folder, { recursive: true });
}
