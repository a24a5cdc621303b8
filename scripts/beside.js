'use strict';
// Commands beside each other, for those that use one core each.

const { spawn } = require('node:child_process');
const { root } = require('./prepare');

/** Each is in a process group of its own, which ends as a whole. */
const running = new Set();

function endAll() {
  for (const pid of running) process.kill(-pid, 'SIGTERM');
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'];

function passOn(signal) {
  endAll();
  process.kill(process.pid, signal);
}

/** What it prints is printed whole when it ends. Rejects if it fails. */
function runQuietly(command, args) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    const output = [];
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (part) => output.push(part));
    child.on('error', reject);
    if (child.pid) running.add(child.pid);
    child.on('close', (code, signal) => {
      running.delete(child.pid);
      process.stdout.write(`> ${[command, ...args].join(' ')}\n${Buffer.concat(output)}`);
      if (code === 0) resolve();
      else reject(Object.assign(new Error(`${command} failed (${signal ?? code})`), { code: code ?? 1 }));
    });
  });
}

async function oneByOne(commands) {
  for (const [command, ...args] of commands) await runQuietly(command, args);
}

/** Runs several lists of commands beside each other. The first that fails ends the others, and this process with its exit code. */
async function beside(...lists) {
  for (const signal of SIGNALS) process.once(signal, passOn);
  try {
    await Promise.all(lists.map(oneByOne));
  } catch (error) {
    if (typeof error.code !== 'number') console.error(error);
    endAll();
    process.exit(typeof error.code === 'number' ? error.code : 1);
  }
  for (const signal of SIGNALS) process.off(signal, passOn);
}

module.exports = { beside };
