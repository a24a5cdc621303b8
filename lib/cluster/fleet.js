'use strict';

// The app's view of the fleet: what the master tells of it, for `cluster.fleet`. Loaded only where `fleet` is configured.

const fs = require('fs');
const { toEngine, toMaster } = require('../config/fleet');
const { ClusterError } = require('../errors');
const { ClusterFleet } = require('./fleet-face');
const timers = require('../real-timers');
const { version } = require('../../package.json');

/** What the user can do about what the servers refuse. */
const REMEDIES = new Map([
  ['ERR_FLEET_CREDENTIALS', 'Set or correct `fleet.credentials`.'],
  ['ERR_FLEET_TLS', 'Correct `fleet.tls`, or the certificate of the server.'],
  ['ERR_FLEET_JETSTREAM', 'Start the servers with JetStream, and let this user use it.'],
]);

/** A start that waits for longer says so. */
const PATIENCE_MS = 3000;

/** Opens the engine and starts the master: `start` gets what its configuration says of the fleet. A master that was started has the
 *  descriptors; without one the engine ends. `cwd`: the cluster's. */
function withEngine(settings, cwd, start) {
  const [fd, data] = openEngine(settings, cwd);
  try {
    start({ fd, data, ...toMaster(settings) });
  } catch (error) {
    fs.closeSync(fd);
    fs.closeSync(data);
    throw error;
  }
}

function openEngine(settings, cwd) {
  const { openFleet } = require('../native/fleet-engine');
  try {
    return openFleet(toEngine(settings), cwd);
  } catch (cause) {
    if (cause instanceof ClusterError) throw cause;
    // Without the cause: it may show a URL as it was given.
    throw new Error(`the engine of the fleet could not be started: ${withoutUserInfo(cause.message)}`);
  }
}

/** Of each URL in a text what stands before its '@'. */
function withoutUserInfo(text) {
  return text.replace(/([\w+.-]+:\/\/)?\S*@/g, '$1');
}

function explained(code, message) {
  return REMEDIES.has(code) ? `${withoutUserInfo(message)}. ${REMEDIES.get(code)}` : message;
}

/** What the master tells of it, each by a method of the event's name. */
class Fleet {
  #cluster;
  #master;
  #log;
  #wasCutOff = false;
  /** The other hosts, by name. */
  #others = new Map();
  #isDraining = false;
  /** Until an alone is ready somewhere. */
  #patience;
  isConnected = false;
  /** Who has the alone, as far as this host knows. */
  holder = null;
  /** Who has the random worker. */
  chooser = null;
  face = new ClusterFleet(this);

  constructor(cluster, settings, master, log) {
    this.#cluster = cluster;
    this.settings = settings;
    this.#master = master;
    this.#log = log;
    if (settings.alone === 'fleet' && settings.start === 'wait') {
      this.#patience = timers.setTimeout(() => this.#tellWaits(), PATIENCE_MS).unref();
    }
  }

  #tellWaits() {
    const fields = { connected: this.isConnected, host: this.holder?.host ?? null };
    this.#log.warn("waiting for the fleet's alone before the workers are forked", fields);
  }

  master(what) {
    if (this.#master) return this.#master;
    throw new ClusterError('ERR_NOT_RUNNING', `fleet.${what}(): the cluster is closed.`);
  }

  close() {
    timers.clearTimeout(this.#patience);
    this.#master = undefined;
    this.isConnected = false;
    this.holder = null;
    this.chooser = null;
    this.#others.clear();
  }

  members() {
    if (!this.#master) return [];
    // As the master tells the others.
    const { workers, startedAt } = this.#cluster.stats();
    const about = { workers: workers.listening, version, startedAt, draining: this.#isDraining };
    const own = { host: this.settings.host, ...about };
    const others = [...this.#others.values()].map((each) => ({ ...each, self: false }));
    return [{ ...own, self: true }, ...others].sort((one, other) => (one.host < other.host ? -1 : 1));
  }

  aloneAcquired({ token }) {
    this.#log.info('this host has the alone of the fleet', { token });
    this.#cluster.emit('aloneAcquired', { token });
  }

  aloneLost({ reason }) {
    this.#tellLost('alone', 'start', reason);
    this.#cluster.emit('aloneLost', { reason });
  }

  randomWorkerAcquired({ token }) {
    this.#log.info('this host has the random worker of the fleet', { token });
    this.#cluster.emit('randomWorkerAcquired', { token });
  }

  randomWorkerLost({ reason }) {
    this.#tellLost('random worker', 'choose', reason);
    this.#cluster.emit('randomWorkerLost', { reason });
  }

  #tellLost(role, begin, reason) {
    const keeps = reason === 'expired' && this.settings.onLost === 'keep';
    const what = keeps
      ? `the lease of this host is over: its ${role} runs on, and another host may ${begin} one`
      : `this host no longer has the ${role} of the fleet`;
    this.#log[reason === 'moved' ? 'info' : 'warn'](what, { reason });
  }

  /** Also when something about it has changed. */
  hostJoined({ host, workers, version: its, startedAt, draining }) {
    const isNew = !this.#others.has(host);
    const member = { host, workers, version: its, startedAt, draining };
    this.#others.set(host, member);
    if (!isNew) return;
    this.#log.info('a host has joined the fleet', { host, version: its });
    this.#cluster.emit('hostJoin', { ...member });
  }

  hostLeft({ host, reason }) {
    this.#others.delete(host);
    // It said so, or nothing was heard of it.
    this.#log[reason === 'closed' ? 'info' : 'warn']('a host has left the fleet', { host, reason });
    this.#cluster.emit('hostLeave', { host, reason });
  }

  fleetMissed({ host, count }) {
    this.#log.warn('messages of another host were lost on their way', { host, count });
    this.#cluster.emit('fleetMissed', { host, count });
  }

  fleetDraining({ draining }) {
    this.#isDraining = draining;
    const takes = draining
      ? 'takes neither the alone nor the random worker any more'
      : 'may have the alone and the random worker again';
    this.#log.info(`this host ${takes}`);
  }

  fleetConnected({ server }) {
    this.isConnected = true;
    // Whoever has read that it was not is to read that it is again.
    const level = this.#wasCutOff ? 'warn' : 'info';
    this.#wasCutOff = false;
    this.#log[level]('connected to the fleet', { server: withoutUserInfo(server) });
  }

  fleetDisconnected({ error }) {
    this.isConnected = false;
    this.#wasCutOff = true;
    this.#log.warn('not connected to the fleet', { error: withoutUserInfo(error) });
  }

  fleetRefused({ code, message }) {
    this.isConnected = false;
    this.#wasCutOff = true;
    this.#log.error(`the fleet refuses this host: ${explained(code, message)}`, { code });
  }

  /** What ends the cluster, in words for the user. */
  explain({ code, message, ...failure }) {
    return { ...failure, code, message: explained(code, message) };
  }

  fleetWarned({ message }) {
    this.#log.warn(withoutUserInfo(message));
  }

  fleetHolder({ host, ready }) {
    if (ready) timers.clearTimeout(this.#patience);
    const known = host ?? null;
    if (known !== (this.holder?.host ?? null)) this.#log.info('the alone of the fleet', { host: known });
    this.holder = known === null ? null : { host: known, ready };
  }

  fleetRandomWorkerHolder({ host, ready }) {
    this.chooser = host == null ? null : { host, ready };
  }
}

module.exports = { Fleet, withEngine };
