'use strict';

const { spawn } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const readline = require('node:readline');

/** Every process that came from this one, and it. */
function family(pid) {
  const parents = new Map();
  for (const entry of fs.readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    try {
      const stat = fs.readFileSync(`/proc/${entry}/stat`, 'utf8');
      parents.set(Number(entry), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]));
    } catch {
      // It has ended meanwhile.
    }
  }
  const all = [pid];
  for (const member of all) for (const [child, parent] of parents) if (parent === member) all.push(child);
  return all;
}

/** A host of the fleet: an app, and all that comes from it. */
class Host {
  #command;
  #settings;
  #app;
  #env;
  #process;
  #waiting = [];
  told = [];

  /** `app`: what is run, with the settings of its fleet. */
  constructor({ name, app, command, settings, env }) {
    this.name = name;
    this.#command = command;
    this.#settings = { ...settings, host: name };
    this.#app = app;
    this.#env = env;
  }

  async start() {
    const [program, ...args] = [...this.#command, process.execPath, this.#app, JSON.stringify(this.#settings)];
    this.told = [];
    const env = { ...process.env, ...this.#env };
    this.#process = spawn(program, args, { env, stdio: ['pipe', 'pipe', 'inherit'] });
    this.#process.stdin.on('error', () => {});
    readline.createInterface({ input: this.#process.stdout }).on('line', (line) => this.#tells(JSON.parse(line)));
    await this.tells('started');
    return this;
  }

  #tells(event) {
    this.told.push(event);
    this.#waiting = this.#waiting.filter(({ fits, resolve }) => !fits(event) || resolve(event));
  }

  /** The first of these events, past or to come. */
  tells(name, fits = () => true) {
    return this.told.find((event) => event.name === name && fits(event)) ?? this.next(name, fits);
  }

  /** The first of these events that comes from now on. */
  next(name, fits = () => true) {
    const wanted = (event) => event.name === name && fits(event);
    return new Promise((resolve) => this.#waiting.push({ fits: wanted, resolve: (event) => void resolve(event) }));
  }

  /** So many of these events that come from now on. */
  nextOf(name, count) {
    const all = [];
    const wanted = (event) => event.name === name && all.push(event) === count;
    return new Promise((resolve) => this.#waiting.push({ fits: wanted, resolve: () => void resolve(all) }));
  }

  /** Says something to the app. */
  ask(what) {
    this.#process.stdin.write(`${JSON.stringify(what)}\n`);
  }

  /** To the app only. */
  async end() {
    const exited = once(this.#process, 'exit');
    this.#process.kill('SIGTERM');
    await exited;
  }

  /** To everything on this host. The app comes first, so that nothing is started anew. */
  signal(signal) {
    for (const pid of family(this.#process.pid)) {
      try {
        process.kill(pid, signal);
      } catch {
        // It has ended.
      }
    }
  }

  async kill() {
    const exited = this.#process.exitCode ?? this.#process.signalCode ?? once(this.#process, 'exit');
    this.signal('SIGSTOP');
    this.signal('SIGKILL');
    await exited;
  }
}

module.exports = { Host };
