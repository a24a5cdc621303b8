'use strict';

const { EventEmitter } = require('events');
const { Cluster } = require('../cluster/cluster');
const { describeError } = require('../errors');
const { written } = require('../output/terminal');
const timers = require('../real-timers');
const { countExits } = require('./exit-counters');
const { translate } = require('./options');
const { Port } = require('./port');
const { Report } = require('./report');

/** So long the app's port is waited for when the cluster is ready: as long as a worker may take to be ready by default. */
const PORT_PATIENCE_MS = 60_000;
const WRITTEN_MS = 5000;
const ENDING_SIGNALS = ['SIGTERM', 'SIGINT', 'SIGQUIT'];

/** What yunfly's own package gives its framework: it starts at once, and ends this process when it cannot or is to end. */
class YunflyMaster extends EventEmitter {
  #cluster;
  #report;
  #exits;
  #callbacks = [];
  #isReady = false;
  #isDevelopment;
  #lastReload = 0;
  #reloads = { worker: 0, alone: 0 };
  #isClosing = false;

  constructor(options) {
    super();
    const { config, shown } = translate(options);
    // What the report tells of, the log does not.
    const told = ['exit', 'reload', 'exception'];
    this.#cluster = new Cluster({ ...config, [Symbol.for('yunfly.cluster.shown')]: told });
    this.#exits = config.handleSignals !== false;
    this.#isDevelopment = shown.mode === 'development';
    this.#report = new Report(this.#cluster, { config, shown });
    countExits(this.#cluster, () => this.#isClosing);
    this.on('reload-worker', () => this.reloadAppWorker());
    this.on('reload-alone', () => this.reloadAppAlone());
    this.on('close-app', () => this.closeApp());
    this.#hearProcess(config);
    this.#start({ port: shown.port, enable: config.enable });
  }

  /** The cluster beneath, with all that it can do. */
  get cluster() {
    return this.#cluster;
  }

  ready(callback) {
    if (typeof callback !== 'function') return this;
    if (this.#isReady) timers.nextTick(() => callback.call(this));
    else this.#callbacks.push(callback);
    return this;
  }

  reloadAppWorker() {
    return this.#reload('worker');
  }

  reloadAppAlone() {
    return this.#reload('alone');
  }

  closeApp() {
    if (this.#isClosing) return;
    this.#report.say('info', 'closes');
    this.#close(0);
  }

  #start({ port, enable }) {
    const server = new Port(this.#cluster, { port, enable });
    this.#report.begins();
    this.#cluster.start().then(
      async () => {
        if (!(await server.open(PORT_PATIENCE_MS))) this.#report.say('warn', 'elsewhere', { port });
        // Out of the promise: what a callback throws is an uncaught exception.
        timers.nextTick(() => this.#becomeReady());
      },
      (error) => this.#failed(error),
    );
  }

  #becomeReady() {
    if (this.#isClosing) return;
    this.#isReady = true;
    this.#report.started();
    for (const callback of this.#callbacks) callback.call(this);
  }

  #failed(error) {
    if (this.#isClosing) return;
    const name = error.cause?.code === 'EADDRINUSE' ? 'portTaken' : 'failed';
    this.#report.say('error', name, { error: describeError(error).message });
    this.#exit(1);
  }

  /** Resolves with the report; undefined: it could not begin. The log says why. */
  async #reload(target) {
    const number = ++this.#lastReload;
    if (this.#isDevelopment) this.#endBooting();
    this.#reloads[target] += 1;
    const tell = this.#report.reloads(target);
    const over = (error) => {
      this.#reloads[target] -= 1;
      // One that a later one or the end cut off has failed for no reason of its own.
      const isCut = this.#isDevelopment && number !== this.#lastReload;
      tell(error, !isCut && !this.#isClosing);
    };
    try {
      const report = await this.#cluster.reload({ target });
      over(report.error);
      return report;
    } catch (error) {
      over(error);
      return undefined;
    }
  }

  /** The last save counts: what boots from an earlier one, and may never be ready, would hold it up for `startTimeout`. */
  #endBooting() {
    const { alone, workers } = this.#cluster;
    const replaced = [
      ...(this.#reloads.worker ? workers.values() : []),
      ...(this.#reloads.alone && alone ? [alone] : []),
    ];
    for (const child of replaced) if (['forking', 'online'].includes(child.state)) child.kill('SIGKILL');
  }

  #hearProcess({ enable }) {
    const onSignal = (signal) => {
      this.#isClosing = true;
      this.#report.say('info', 'signal', { signal });
    };
    // Whoever started this process with a channel has ended, or wants nothing more of it.
    const onDisconnect = () => {
      this.#report.say('error', 'orphaned');
      this.#close(1);
    };
    const onExit = (code) => this.#report.say(code === 0 ? 'info' : 'error', 'exits', { code });
    // The cluster acts on them, if there is one.
    if (this.#exits && enable !== false) for (const name of ENDING_SIGNALS) process.once(name, onSignal);
    process.once('disconnect', onDisconnect);
    if (this.#exits) process.once('exit', onExit);
    this.#cluster.once('close', () => {
      for (const name of ENDING_SIGNALS) process.off(name, onSignal);
      process.off('disconnect', onDisconnect);
      // Whoever closes the cluster beneath goes on.
      const goesOn = () => !this.#isClosing && process.exitCode === undefined;
      timers.setImmediate(() => goesOn() && process.off('exit', onExit));
    });
  }

  #close(code) {
    this.#isClosing = true;
    this.#cluster.close().then(() => this.#exit(code));
  }

  #exit(code) {
    process.exitCode = code;
    if (this.#exits) written(WRITTEN_MS).then(() => timers.nextTick(process.exit));
  }
}

module.exports = { YunflyMaster };
