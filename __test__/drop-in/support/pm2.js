'use strict';

const { execFile } = require('node:child_process');
const { randomUUID } = require('node:crypto');
const path = require('node:path');
const { promisify } = require('node:util');
const { runtime } = require('../../e2e/support/cluster');
const { folder } = require('../../e2e/support/files');
const { processesWith } = require('../../e2e/support/processes');
const { root } = require('../../e2e/support/project');
const { until } = require('../../e2e/support/until');
const { WAYS } = require('./consumers');

const PM2 = path.join(root, 'node_modules/pm2/bin/pm2');
const run = promisify(execFile);

/** A PM2 of its own: its daemon is started by the first command, and lives until end(). */
class Pm2 {
  #mark = randomUUID();
  #env;

  /** `env`: laid over the environment of commands, of the daemon and of apps. */
  constructor(way, env) {
    // PM2's daemon is no command of ours: the environment is how its users reach it.
    const NODE_OPTIONS = WAYS[way].map((word) => JSON.stringify(word)).join(' ');
    this.home = folder();
    this.#env = {
      ...process.env,
      ...env,
      NODE_OPTIONS,
      PM2_HOME: this.home,
      PM2_DISABLE_VERSION_CHECK: 'true',
      YUNFLY_E2E: this.#mark,
    };
  }

  /** Runs a command; resolves with what it wrote. */
  async command(...args) {
    const { stdout } = await run(runtime, [PM2, ...args], { env: this.#env, cwd: this.home });
    return stdout;
  }

  /** The processes that PM2 says are online: `{ pid, mode }`. */
  async online() {
    const all = JSON.parse(await this.command('jlist', '--silent'));
    return all
      .filter(({ pm2_env: { status } }) => status === 'online')
      .map(({ pid, pm2_env: { exec_mode: mode } }) => ({ pid, mode }));
  }

  processes() {
    return processesWith(`YUNFLY_E2E=${this.#mark}`);
  }

  /** Ends the daemon and with it all apps; kills what is left then, and throws if anything was. */
  async end() {
    try {
      await this.command('kill');
      await until(() => this.processes().length === 0);
    } finally {
      for (const { pid } of this.processes()) process.kill(pid, 'SIGKILL');
    }
  }
}

module.exports = { Pm2 };
