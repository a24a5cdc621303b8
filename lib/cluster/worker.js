'use strict';

const { ClusterChild } = require('./child');

class ClusterWorker extends ClusterChild {
  #master;

  constructor(master, codec, event, profile) {
    super(master, codec, 'worker', event, profile);
    this.#master = master;
    this.slot = event.slot;
    this.exitedAfterDisconnect = undefined;
  }

  disconnect() {
    if (this.isConnected()) this.#master.disconnect(this.id);
    return this;
  }
}

module.exports = { ClusterWorker };
