'use strict';

// A cluster's events, for tools that don't know the cluster: each is published on a channel of diagnostics_channel, too, as an object
// with the names below (ClusterChannels in lib/types/channels.d.ts).

const diagnostics = require('diagnostics_channel');
const { EventEmitter } = require('events');

const FIELDS = {
  fork: ['worker'],
  online: ['worker'],
  listening: ['worker', 'address'],
  workerReady: ['worker'],
  disconnect: ['worker'],
  exit: ['worker', 'code', 'signal'],
  unexpectedExit: ['worker', 'code', 'signal'],
  hang: ['worker', 'evidence'],
  reachReforkLimit: ['slot'],
  check: ['report'],
  message: ['from', 'message', 'handle'],
  undeliverable: ['from', 'message', 'reason'],
  missed: ['child', 'missed'],
  standby: ['worker'],
  reload: ['report'],
  change: ['files'],
  crash: ['error'],
  output: ['child', 'text', 'stream'],
  protocolError: ['child', 'error'],
  ready: [],
  exception: ['error'],
  close: [],
  aloneReady: ['alone'],
  aloneError: ['alone', 'error'],
  aloneExit: ['alone', 'code', 'signal'],
  aloneReachLimit: ['error'],
  aloneAcquired: ['lease'],
  aloneLost: ['loss'],
  randomWorkerAcquired: ['lease'],
  randomWorkerLost: ['loss'],
  hostJoin: ['member'],
  hostLeave: ['left'],
  fleetMissed: ['missed'],
};

/** Held: Node keeps channels, with their subscribers, only weakly. */
const channels = new Map(Object.keys(FIELDS).map((name) => [name, diagnostics.channel(`cluster-native:${name}`)]));

class Observable extends EventEmitter {
  emit(name, ...args) {
    const channel = channels.get(name);
    if (channel?.hasSubscribers) {
      channel.publish({ cluster: this, ...Object.fromEntries(FIELDS[name].map((field, i) => [field, args[i]])) });
    }
    return super.emit(name, ...args);
  }
}

module.exports = { Observable };
