'use strict';

const { spawn } = require('node:child_process');
const { once } = require('node:events');
const path = require('node:path');
const { onLine } = require('../../fixtures/lines');

/** Runs a script of this folder; `line()` resolves with its next line, or with undefined when it has ended. */
function python(name, ...args) {
  const child = spawn('python3', [path.join(__dirname, name), ...args.map(String)], {
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const lines = [];
  const waiting = [];
  const take = (line) => (waiting.length > 0 ? waiting.shift()(line) : lines.push(line));
  onLine(child.stdout, take);
  const ended = once(child, 'close');
  ended.then(() => take(undefined));
  const line = () =>
    lines.length > 0 ? Promise.resolve(lines.shift()) : new Promise((resolve) => waiting.push(resolve));
  return { line, write: (text) => child.stdin.write(text), end: () => (child.stdin.end(), ended) };
}

/** Clients in the midst of their handshake: what the server said was lost, and it says it again after a second. `answers()`
 *  lets them hear it. */
async function deafClients(port, count) {
  const clients = python('deaf_clients.py', port, count);
  await clients.line();
  return {
    async answers() {
      clients.write('\n');
      const answers = JSON.parse(await clients.line());
      await clients.end();
      return answers;
    },
    end: () => clients.end(),
  };
}

/** A line to this machine that takes `ms` each way: `host` is its far end; undefined where none may be made. */
async function delayLine(ms) {
  const line = python('delay_line.py', ms);
  const host = await line.line();
  return host && { host, end: () => line.end() };
}

module.exports = { deafClients, delayLine };
