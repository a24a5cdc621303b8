'use strict';

const { spawn } = require('node:child_process');
const { randomUUID } = require('node:crypto');
const path = require('node:path');
const { onLine } = require('../../fixtures/lines');
const { EventLog } = require('./event-log');
const { processesWith } = require('./processes');

const fixtures = path.join(__dirname, '../../fixtures');
const fixture = (name) => path.join(fixtures, name);

/** The node binary that runs app and children; scripts/node-matrix.js sets it. */
const runtime = process.env.NODE_UNDER_TEST || process.execPath;

/** What the tests start from; each names only what it is about. */
const defaults = { mode: 'production', exec: fixture('workers/http.js'), alone: false, count: 2, killTimeout: 8000 };

/** One run of an app process, as seen from outside: its events, its children's reports, its output, its processes. */
class RunningApp {
  #log = new EventLog(() => this.#story());
  #commands = 0;
  #port;
  #mark = `YUNFLY_E2E=${randomUUID()}`;

  /**
   * @param options api: 'start' (createCluster().start()), 'createCluster' (not started) or 'startCluster';
   * env: laid over the environment of the app; command: what runs the app's node (`['setpriv', …]`); execArgv: flags for
   * the app's node; script: instead of fixtures/app.js; commandLine: instead of all these; the rest goes to spawn().
   */
  constructor(config, options = {}) {
    const {
      api = 'start',
      env = {},
      command = [],
      execArgv = [],
      script = fixture('app.js'),
      commandLine,
      ...spawnOptions
    } = options;
    this.output = '';
    const [name, value] = this.#mark.split('=');
    const argument = JSON.stringify({ config: { ...defaults, ...config }, api });
    const [program, ...args] = commandLine ?? [...command, runtime, ...execArgv, script, argument];
    this.process = spawn(program, args, {
      stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
      env: { ...process.env, ...(globalThis.PORTABLE && { YUNFLY_PORTABLE: '1' }), ...env, [name]: value },
      ...spawnOptions,
    });
    this.process.stdin.on('error', () => {}); // a command for an app that has ended fails by its missing reply
    this.#read();
    this.exited = new Promise((resolve) => {
      this.process.on('exit', (code, signal) => resolve({ code, signal }));
    });
    // 'close' comes when the last holder of stdout and stderr is gone, and every child inherits them: it is the event
    // 'no process is left', without polling.
    this.gone = new Promise((resolve) => {
      this.process.on('close', (code, signal) => {
        this.#log.end();
        resolve({ code, signal });
      });
    });
  }

  #read() {
    const [, stdout, stderr, told] = this.process.stdio;
    const print = (line) => {
      this.output += `${line}\n`;
      this.#log.add('output', [line]);
    };
    onLine(told, (line) => {
      const { name, args } = JSON.parse(line);
      this.#log.add(name, args);
    });
    onLine(stderr, print);
    onLine(stdout, (line) => {
      if (line.startsWith('@')) this.#log.add('report', [JSON.parse(line.slice(1))]);
      else print(line);
    });
  }

  get pid() {
    return this.process.pid;
  }

  /** Resolves with the arguments of the first `name` that matches, be it past or to come. */
  async event(name, matches = () => true) {
    const fits = (entry) => entry.name === name && matches(...entry.args);
    fits.toString = () => `'${name}' with ${matches}`;
    return (await this.#log.entry(fits)).args;
  }

  /** Resolves when this text, or what the expression fits, was written. Output has a way of its own: what it belongs to may be told before. */
  async wrote(expected) {
    const fits = () => (typeof expected === 'string' ? this.output.includes(expected) : expected.test(this.output));
    const told = (entry) => entry.name === 'output' && fits();
    told.toString = () => `output with ${expected}`;
    if (!fits()) await this.#log.entry(told);
  }

  /** The arguments of every `name` so far. */
  events(name) {
    return this.#log.entries.filter((entry) => entry.name === name).map((entry) => entry.args);
  }

  /** All that happened so far, in order: `{ name, args }`. */
  history() {
    return [...this.#log.entries];
  }

  /** Forgets what happened so far, except for where it listens. */
  forget() {
    this.#port ??= this.events('listening')[0]?.[1].port;
    this.#log.forget();
  }

  /** The names of all that happened so far, in order. */
  eventNames() {
    return this.#log.entries.map((entry) => entry.name);
  }

  /** Resolves with what a child wrote with fixtures/report.js. */
  async report(kind, matches = () => true) {
    const [report] = await this.event('report', (candidate) => candidate.kind === kind && matches(candidate));
    return report;
  }

  /** All that children wrote of this kind, once there are at least `count`. */
  async reported(kind, count) {
    await this.event('report', () => this.reports(kind).length >= count);
    return this.reports(kind);
  }

  /** What was read so far; there may be more on its way. */
  reports(kind) {
    return this.events('report')
      .map(([report]) => report)
      .filter((report) => report.kind === kind);
  }

  /** Calls an action of fixtures/app.js; resolves with its value, rejects with its error. */
  async call(action, ...args) {
    const seq = ++this.#commands;
    const isReply = (entry) => ['reply', 'failure'].includes(entry.name) && entry.args[0] === seq;
    isReply.toString = () => `a reply to '${action}'`;
    this.process.stdin.write(`${JSON.stringify({ seq, action, args })}\n`);
    const {
      name,
      args: [, value],
    } = await this.#log.entry(isReply);
    if (name === 'failure') throw Object.assign(new Error(value.message), value);
    return value;
  }

  /** Has one worker run an action of fixtures/control.js. */
  control(worker, order, details = {}) {
    return this.call('sendmessage', { to: 'worker', worker_pid: worker.pid, action: 'control', order, ...details });
  }

  /** The port that the workers listen on (the first one, if there are several). */
  async port() {
    if (this.#port) return this.#port;
    const [, address] = await this.event('listening');
    return address.port;
  }

  workers() {
    return this.call('workers');
  }

  kill(signal) {
    return this.process.kill(signal);
  }

  /** Every living process of this app: itself and whatever came from it. */
  processes() {
    return processesWith(this.#mark);
  }

  #story() {
    const events = this.#log.entries.filter((entry) => !['output', 'report'].includes(entry.name)).slice(-20);
    return `exit code ${this.process.exitCode}, signal ${this.process.signalCode}
last events:\n  ${events.map((entry) => JSON.stringify(entry)).join('\n  ')}
output:\n${this.output.slice(-4000)}`;
  }

  /** Ends the app in good order, if the test hasn't; kills what is left then, and throws if anything was. */
  async stop() {
    if (this.process.exitCode === null && this.process.signalCode === null) this.kill('SIGTERM');
    let timer;
    const tooLong = new Promise((resolve) => {
      timer = setTimeout(() => resolve('too long'), 100_000);
    });
    const end = await Promise.race([this.gone, tooLong]);
    clearTimeout(timer);
    const left = this.processes();
    for (const { pid } of left) process.kill(pid, 'SIGKILL');
    if (end === 'too long' || left.length > 0) {
      const list = left.map(({ pid, command }) => `${pid} ${command}`).join('\n');
      throw new Error(`processes were left:\n${list}\n${this.#story()}`);
    }
  }
}

module.exports = { RunningApp, fixture, runtime };
