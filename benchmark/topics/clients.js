'use strict';

// What a worker publishes and subscribes with, by peer.

const TOPIC = 'bench';

/** `isLeader`: with cluster-client the one through whom all goes. */
const clients = {
  async 'cluster-native'() {
    const { publish, subscribe } = require('../..');
    return { publish: (value) => publish(TOPIC, value), subscribe: (listener) => subscribe(TOPIC, listener) };
  },
  async 'cluster-client'({ port }, isLeader) {
    const cluster = require('cluster-client');
    const Base = require('sdk-base');

    /** The plainest one: what is published goes to those who subscribed. */
    class Registry extends Base {
      constructor(options) {
        super(options);
        this.ready(true);
      }

      subscribe({ key }, listener) {
        this.on(key, listener);
      }

      publish({ key, value }) {
        this.emit(key, value);
      }
    }

    const client = cluster(Registry, { port, isLeader }).create();
    await client.ready();
    return {
      publish: (value) => client.publish({ key: TOPIC, value }),
      subscribe: (listener) => client.subscribe({ key: TOPIC }, listener),
    };
  },
};

module.exports = { clients };
