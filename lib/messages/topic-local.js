'use strict';

// What the master does for topics, where there is none (`enable: false`): this process is the only one.

const timers = require('../real-timers');

class LocalTopics {
  #receive;
  #wanted = new Set();
  #retained = new Map();

  /** @param receive gets each frame as another process would have sent it: a copy, later */
  constructor(receive) {
    this.#receive = receive;
  }

  send(json) {
    const frame = JSON.parse(json);
    this[frame.act](frame);
    return true;
  }

  subscribe({ topic, id }) {
    this.#wanted.add(topic);
    const retained = this.#retained.get(topic);
    this.#tell({ act: 'subscribed', id, retained: retained !== undefined });
    if (retained) this.#tell(retained);
  }

  unsubscribe({ topic }) {
    this.#wanted.delete(topic);
  }

  publish(frame) {
    const { topic, retain } = frame;
    if (retain === true) this.#retained.set(topic, frame);
    if (retain === false) this.#retained.delete(topic);
    if (this.#wanted.has(topic)) this.#tell(frame);
  }

  #tell(frame) {
    const copy = structuredClone(frame);
    timers.nextTick(() => this.#receive(copy));
  }
}

module.exports = { LocalTopics };
