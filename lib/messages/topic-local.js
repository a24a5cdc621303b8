'use strict';

// What the master does for topics, where there is none (`enable: false`): this process is the only one. With the same bounds, so that
// nothing is found out only in production (crates/core/src/messages/topics.rs).

const timers = require('../real-timers');

const MOST_RETAINED = 1 << 14;
const RETAINED_BYTES = 64 * 1024 * 1024;

class LocalTopics {
  #receive;
  #wanted = new Set();
  /** By topic, the frame as JSON. */
  #retained = new Map();
  #bytes = 0;

  /** @param receive gets each frame as it would come from the master: a copy, later */
  constructor(receive) {
    this.#receive = receive;
  }

  route(json) {
    const { act, topic, id, retain } = JSON.parse(json);
    if (act === 'unsubscribe') this.#wanted.delete(topic);
    else if (act === 'subscribe') this.#subscribe(topic, id);
    else this.#publish(topic, retain, json);
    return true;
  }

  #subscribe(topic, id) {
    this.#wanted.add(topic);
    const retained = this.#retained.get(topic);
    this.#tell(JSON.stringify({ act: 'subscribed', id, retained: retained !== undefined }));
    if (retained) this.#tell(retained);
  }

  #publish(topic, retain, json) {
    if (this.#wanted.has(topic)) this.#tell(json);
    if (retain !== undefined) this.#forget(topic);
    if (retain) this.#keep(topic, json);
  }

  #keep(topic, json) {
    if (this.#retained.size >= MOST_RETAINED || this.#bytes + json.length > RETAINED_BYTES) {
      this.#tell(JSON.stringify({ act: 'unretained', topic }));
      return;
    }
    this.#retained.set(topic, json);
    this.#bytes += json.length;
  }

  #forget(topic) {
    this.#bytes -= this.#retained.get(topic)?.length ?? 0;
    this.#retained.delete(topic);
  }

  #tell(json) {
    // In another turn of the event loop, as what comes from the master: who publishes whenever a value comes holds nobody up.
    timers.setImmediate(() => this.#receive(JSON.parse(json)));
  }
}

module.exports = { LocalTopics };
