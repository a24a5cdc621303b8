'use strict';

const { inspect } = require('util');
const { shown } = require('../config/check');
const { ClusterError } = require('../errors');

/** What the app has as `cluster.fleet`: a copy each time. */
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

  get randomWorker() {
    const { chooser } = this.#fleet;
    return chooser && { ...chooser };
  }

  members() {
    return this.#fleet.members();
  }

  move(to) {
    if (to !== undefined && (typeof to !== 'string' || to === '')) {
      const message = `fleet.move(): it takes the name of a host, or nothing, but got ${shown(to)}.`;
      throw new ClusterError('ERR_FLEET_INVALID', message);
    }
    const master = this.#fleet.master('move');
    if (to !== undefined) this.#checkKnown(to);
    master.fleetMove(to ?? null);
  }

  /** Else the alone would stop for nothing. */
  #checkKnown(host) {
    const names = this.members().map((each) => each.host);
    if (names.includes(host)) return;
    const message = `fleet.move(): the fleet has no host ${shown(host)}. There are: ${names.join(', ')}.`;
    throw new ClusterError('ERR_FLEET_INVALID', message);
  }

  drain() {
    this.#fleet.master('drain').fleetDrain();
  }

  resume() {
    this.#fleet.master('resume').fleetResume();
  }

  toJSON() {
    const { name, host, connected, alone, randomWorker } = this;
    return { name, host, connected, alone, randomWorker, members: this.members() };
  }

  [inspect.custom](_depth, options) {
    return `ClusterFleet ${inspect(this.toJSON(), options)}`;
  }
}

module.exports = { ClusterFleet };
