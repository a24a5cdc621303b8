'use strict';

const { spawn } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { onLine } = require('../../fixtures/lines');
const { natsServer } = require('../../../scripts/nats-server');
const { freePort } = require('./free-port');

/** A NATS server with nothing in it, for one test. Started again it has the same address, and what it kept. */
class NatsServer {
  #folder = fs.mkdtempSync(path.join(os.tmpdir(), 'cluster-native-nats-'));
  #options;
  #process;

  /** @param options in the words of its configuration file */
  constructor(options = '', port = undefined) {
    this.#options = options;
    this.port = port;
  }

  async start() {
    this.port ??= await freePort();
    const file = path.join(this.#folder, 'nats.conf');
    const jetstream = `jetstream { store_dir: ${JSON.stringify(this.#folder)}, sync_interval: always }`;
    fs.writeFileSync(file, `listen: "127.0.0.1:${this.port}"\n${jetstream}\n${this.#options}\n`);
    this.#process = spawn(natsServer(), ['-c', file], { stdio: ['ignore', 'ignore', 'pipe'] });
    await new Promise((resolve, reject) => {
      onLine(this.#process.stderr, (line) => line.includes('Server is ready') && resolve());
      this.#process.once('exit', () => reject(new Error('nats-server did not start')));
    });
    return this;
  }

  get url() {
    return `nats://127.0.0.1:${this.port}`;
  }

  signal(signal) {
    this.#process.kill(signal);
  }

  async kill() {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const exited = once(this.#process, 'exit');
    this.#process.kill('SIGKILL');
    this.#process.kill('SIGCONT');
    await exited;
  }

  async stop() {
    await this.kill();
    fs.rmSync(this.#folder, { recursive: true, force: true });
  }
}

module.exports = { NatsServer };
