'use strict';
// README's quick start, run with a terminal of its own by script(1): what it prints when it starts, and when a worker is killed.

const { spawn } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { root } = require('../markdown');
const { snippetsOf } = require('../snippets');

const COLUMNS = 80;
const TIMEOUT_MS = 50_000;
const TABLE_END = '┘';
/** Neither CI nor what else is set here decides about colours, and npm has nothing to say. */
const environment = ({ PATH, HOME }, env) => ({
  PATH,
  HOME,
  TERM: 'xterm',
  npm_config_update_notifier: 'false',
  ...env,
});

function typed() {
  const isCommand = ({ language, code }) => language === 'sh' && code.startsWith('npx cluster-native');
  return snippetsOf('README.md').find(isCommand).code.trim();
}

/** The project of the reader, called shop, with the package installed. */
function project(folder) {
  const modules = path.join(folder, 'node_modules');
  for (const name of ['@yunflyjs', '.bin']) fs.mkdirSync(path.join(modules, name), { recursive: true });
  fs.symlinkSync(root, path.join(modules, '@yunflyjs/cluster-native'));
  fs.symlinkSync('../@yunflyjs/cluster-native/bin/cluster-native.js', path.join(modules, '.bin/cluster-native'));
  fs.writeFileSync(path.join(folder, 'package.json'), JSON.stringify({ name: 'shop', private: true }));
  fs.writeFileSync(path.join(folder, 'app.js'), snippetsOf('README.md').find(({ name }) => name === 'app.js').code);
}

/** The output of a process so far; until(pattern) resolves with its match, and rejects when the process ends without. */
class Output {
  #parts;
  text = '';

  constructor(stream) {
    this.#parts = stream.setEncoding('utf8')[Symbol.asyncIterator]();
  }

  async until(pattern) {
    for (;;) {
      const match = pattern.exec(this.text);
      if (match) return match;
      const { value, done } = await this.#parts.next();
      if (done) throw new Error(`It ended with:\n${this.text}`);
      this.text += value;
    }
  }
}

/** Resolves with { command, output }: the bytes that the terminal got, until the table is there again after a worker was killed. */
async function record(env = {}) {
  const command = typed();
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'terminal-'));
  project(folder);
  // exec: the shell is not to be between the terminal and the command.
  const child = spawn('script', ['-qefc', `stty cols ${COLUMNS}; exec ${command}`, '/dev/null'], {
    cwd: folder,
    env: environment(process.env, env),
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: TIMEOUT_MS,
  });
  const exit = once(child, 'exit');
  const output = new Output(child.stdout);
  try {
    const [, app] = await output.until(/ pid (\d+)[^┘]*┘/);
    const [, worker] = await output.until(/│ worker 2 │ (\d+)/);
    process.kill(Number(worker), 'SIGKILL');
    await output.until(/┘[^┘]*SIGKILL[^┘]*┘/);
    process.kill(Number(app), 'SIGTERM');
    return { command, output: output.text.slice(0, output.text.lastIndexOf(TABLE_END) + 1) };
  } catch (error) {
    child.kill();
    throw error;
  } finally {
    await exit;
    fs.rmSync(folder, { recursive: true });
  }
}

module.exports = { record };
