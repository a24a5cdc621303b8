'use strict';

const { spawn, spawnSync } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const Redis = require('ioredis');
const { onLine } = require('../../fixtures/lines');
const { freePort } = require('./free-port');

/** No npm package carries a Redis server. .ci/run installs one where it is missing. */
const hasRedis = spawnSync('redis-server', ['--version']).status === 0;

/** A Redis server with nothing in it, for this test file alone. */
class RedisServer {
  #folder = fs.mkdtempSync(path.join(os.tmpdir(), 'cluster-native-redis-'));
  #process;

  async start() {
    const port = await freePort();
    const flags = ['--port', port, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', this.#folder];
    this.#process = spawn('redis-server', flags, { stdio: ['ignore', 'pipe', 'inherit'] });
    await new Promise((resolve, reject) => {
      onLine(this.#process.stdout, (line) => line.includes('Ready to accept connections') && resolve());
      this.#process.once('exit', () => reject(new Error('redis-server did not start')));
    });
    this.url = `redis://127.0.0.1:${port}`;
    this.client = new Redis(this.url);
    return this;
  }

  /** How many connections it has beside this one. */
  async connections() {
    return (await this.client.client('LIST')).trim().split('\n').length - 1;
  }

  async stop() {
    this.client.disconnect();
    this.#process.kill('SIGKILL');
    await once(this.#process, 'exit');
    fs.rmSync(this.#folder, { recursive: true, force: true });
  }
}

module.exports = { RedisServer, hasRedis };
