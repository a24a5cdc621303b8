'use strict';

const { spawn } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const readline = require('node:readline');
const { natsServer } = require('../../scripts/nats-server');

const CLIENTS = 14_221;
const ROUTES = 16_221;

/** One NATS server, or a cluster of them; each write is on the disk before it counts. */
class Servers {
  #address;
  #folder = fs.mkdtempSync(path.join(os.tmpdir(), 'bench-nats-'));
  #processes = [];

  constructor(count, address) {
    this.count = count;
    this.#address = address;
  }

  get urls() {
    return Array.from({ length: this.count }, (_, i) => `nats://${this.#address}:${CLIENTS + i}`);
  }

  async start(index) {
    const routes = Array.from({ length: this.count }, (_, i) => `"nats://${this.#address}:${ROUTES + i}"`);
    const store = path.join(this.#folder, `${index}`);
    const cluster = `cluster { name: bench, listen: "${this.#address}:${ROUTES + index}", routes: [${routes}] }`;
    const file = `${store}.conf`;
    fs.writeFileSync(
      file,
      `server_name: bench-${index}
listen: "${this.#address}:${CLIENTS + index}"
jetstream { store_dir: "${store}", sync_interval: always }
${this.count > 1 ? cluster : ''}
`,
    );
    const server = spawn(natsServer(), ['-c', file], { stdio: ['ignore', 'ignore', 'pipe'] });
    this.#processes[index] = server;
    const lines = readline.createInterface({ input: server.stderr });
    await new Promise((resolve, reject) => {
      lines.on('line', (line) => line.includes('Server is ready') && resolve());
      server.once('exit', () => reject(new Error('nats-server did not start')));
    });
  }

  async open() {
    await Promise.all(Array.from({ length: this.count }, (_, i) => this.start(i)));
    return this;
  }

  async kill(index) {
    const exited = once(this.#processes[index], 'exit');
    this.#processes[index].kill('SIGKILL');
    await exited;
  }

  async close() {
    await Promise.all(this.#processes.map((_, i) => this.kill(i)));
    fs.rmSync(this.#folder, { recursive: true });
  }
}

module.exports = { Servers };
