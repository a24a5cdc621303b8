'use strict';

// The app's view of the fleet: `cluster.fleet`, and what the master tells of it. Loaded only where `fleet` is configured.

const fs = require('fs');
const { toEngine, toMaster } = require('../config/fleet');
const { shown } = require('../config/check');
const { ClusterError } = require('../errors');

/** What the user can do about what the servers refuse. */
const REMEDIES = new Map([
  ['ERR_FLEET_CREDENTIALS', 'Set or correct `fleet.credentials`.'],
  ['ERR_FLEET_TLS', 'Correct `fleet.tls`, or the certificate of the server.'],
  ['ERR_FLEET_JETSTREAM', 'Start the servers with JetStream, and let this user use it.'],
]);

/** Opens the engine and starts the master: `start` gets what its configuration says of the fleet. A master that was started has the
 *  descriptors; without one the engine ends. */
function withEngine(settings, start) {
  const [fd, data] = openEngine(settings);
  try {
    start({ fd, data, ...toMaster(settings) });
  } catch (error) {
    fs.closeSync(fd);
    fs.closeSync(data);
    throw error;
  }
}

function openEngine(settings) {
  const { openFleet } = require('../native/fleet-engine');
  try {
    return openFleet(toEngine(settings));
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

/** What the app has as `cluster.fleet`. */
class ClusterFleet {
  #fleet;

  constructor(fleet) {
    this.#fleet = fleet;
  }

  get name() {
    return this.#fleet.settings.name;
  }

  get host() {
    return this.#fleet.settings.host;
  }

  get connected() {
    return this.#fleet.isConnected;
  }

  get alone() {
    const { holder } = this.#fleet;
    return holder && { ...holder };
  }

  move(to) {
    if (to !== undefined && (typeof to !== 'string' || to === '')) {
      const message = `fleet.move(): it takes the name of a host, or nothing, but got ${shown(to)}.`;
      throw new ClusterError('ERR_FLEET_INVALID', message);
    }
    this.#fleet.master('move').fleetMove(to ?? null);
  }

  drain() {
    this.#fleet.master('drain').fleetDrain();
  }

  resume() {
    this.#fleet.master('resume').fleetResume();
  }
}

/** What the master tells of it, each by a method of the event's name. */
class Fleet {
  #cluster;
  #master;
  #log;
  #wasCutOff = false;
  isConnected = false;
  /** Who has the alone, as far as this host knows. */
  holder = null;
  face = new ClusterFleet(this);

  constructor(cluster, settings, master, log) {
    this.#cluster = cluster;
    this.settings = settings;
    this.#master = master;
    this.#log = log;
  }

  master(what) {
    if (this.#master) return this.#master;
    throw new ClusterError('ERR_NOT_RUNNING', `fleet.${what}(): the cluster is closed.`);
  }

  close() {
    this.#master = undefined;
    this.isConnected = false;
    this.holder = null;
  }

  aloneAcquired({ token }) {
    this.#log.info('this host has the alone of the fleet', { token });
    this.#cluster.emit('aloneAcquired', { token });
  }

  aloneLost({ reason }) {
    const keeps = reason === 'expired' && this.settings.onLost === 'keep';
    const what = keeps
      ? 'the lease of this host is over: its alone runs on, and another host may start one'
      : 'this host no longer has the alone of the fleet';
    this.#log[reason === 'moved' ? 'info' : 'warn'](what, { reason });
    this.#cluster.emit('aloneLost', { reason });
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
    const known = host ?? null;
    if (known !== (this.holder?.host ?? null)) this.#log.info('the alone of the fleet', { host: known });
    this.holder = known === null ? null : { host: known, ready };
  }
}

module.exports = { Fleet, withEngine };
