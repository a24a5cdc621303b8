'use strict';

// What yunfly's apps get from getAloneClient() and getWorkerClient(): the interface of cluster-client's APIClientBase on the topics of
// this package. A key is a topic, and its last value is kept for those who subscribe later.

const { EventEmitter } = require('events');
const { codecs } = require('../messages/serialization');
const { TopicEndpoint } = require('../messages/topic');
const { checkListener } = require('../messages/topic-arguments');
const here = require('../messages/here');
const topicHere = require('../messages/topic-here');
const { LocalTopics } = require('../messages/topic-local');
const timers = require('../real-timers');

/** Whether this process is the only one: it belongs to no cluster (yet). */
let isSingle = false;

class YunflyClient extends EventEmitter {
  #entries = new Set();
  /** The last values by key, while this process is the only one. */
  #early = new Map();
  #isMoving = false;

  /** The master stands in for a leader. */
  get isClusterClientLeader() {
    return false;
  }

  ready(callback) {
    if (typeof callback !== 'function') return Promise.resolve();
    timers.nextTick(callback);
    return this;
  }

  subscribe({ key }, listener) {
    this.#add({ key: String(key), listener, isOnce: false });
  }

  /** Of a key, or EventEmitter's own. */
  once(key, listener) {
    if (typeof key !== 'object') return super.once(key, listener);
    this.#add({ key: String(key.key), listener, isOnce: true });
    return this;
  }

  unSubscribe({ key }, listener) {
    for (const entry of this.#entries)
      if (entry.key === String(key) && (listener === undefined || entry.listener === listener)) this.#remove(entry);
  }

  publish({ key, value }) {
    this.#moved();
    const isTaken = topicHere.publish(String(key), value, { retain: true });
    if (isSingle) this.#early.set(String(key), value);
    return isTaken;
  }

  close() {
    for (const entry of this.#entries) this.#remove(entry);
    return Promise.resolve();
  }

  /** From the topics of this process alone to those of the cluster that it starts: as soon as that takes something, or is asked to. */
  move() {
    isSingle = false;
    this.#isMoving = true;
    timers.nextTick(() => this.#moved());
  }

  #moved() {
    if (!this.#isMoving) return;
    this.#isMoving = false;
    const early = new Map(this.#early);
    this.#early.clear();
    for (const [key, value] of early) topicHere.publish(key, value, { retain: true });
    // What is on its way to them from before still comes, so those of before don't end.
    for (const entry of this.#entries) this.#open(entry, early.has(entry.key));
  }

  #add(entry) {
    checkListener(entry.listener);
    this.#moved();
    this.#open(entry, false);
    this.#entries.add(entry);
  }

  /** `hasOwn`: the value that was kept has come already, unless another process has published one meanwhile. */
  #open(entry, hasOwn) {
    entry.end = topicHere.subscribe(entry.key, (value, { retained, pid }) => {
      if (!this.#entries.has(entry) || (hasOwn && retained && pid === process.pid)) return;
      if (entry.isOnce) this.#remove(entry);
      entry.listener(value);
    });
  }

  #remove(entry) {
    entry.end();
    this.#entries.delete(entry);
  }
}

let client;

/** The one of this process. With yunfly's `cluster.enable: false` there is no cluster. */
function getClient() {
  if (!client && !here.find('topics')) beSingle();
  return (client ??= new YunflyClient());
}

function beSingle() {
  isSingle = true;
  const local = new LocalTopics((frame) => endpoint.receive(frame));
  const send = (frame) => local.route(JSON.stringify(frame));
  const endpoint = new TopicEndpoint({ role: 'app', unreachable() {}, send, lose() {} }, codecs.json);
  here.enter({ topics: () => endpoint });
  here.onEnter(() => client.move());
}

module.exports = { getClient };
