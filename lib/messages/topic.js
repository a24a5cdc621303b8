'use strict';

// Publish and subscribe: the same in the app, in the alone and in the workers. The master keeps who wants what, and hands on what is
// published as it is. Frames have a `cmd` that is internal to Node: no 'message' listener sees them.
//
// Many listeners of a topic are one subscription for the master, which still answers each of them: what it publishes from its answer
// on is for that listener, too. So nobody gets a value twice, first as the one that was kept.

const { ClusterError, describeError } = require('../errors');
const timers = require('../real-timers');
const { checkListener, checkOptions, checkTopic } = require('./topic-arguments');
const { warn } = require('../warn');

const CMD = 'NODE_YUNFLY_TOPIC';

/** As the master has it (crates/core/src/messages/topics.rs). */
const MOST_TOPICS = 1 << 14;

class TopicEndpoint {
  #link;
  #codec;
  /** By topic, who listens. */
  #topics = new Map();
  /** By number, who waits for the master's answer. */
  #asked = new Map();
  #last = 0;
  /** Who gets the next publication, and nobody else: the value that was kept. */
  #late;

  /**
   * @param link `role` of this process; `send(frame)`: false if it is better to wait; `unreachable()`: why nothing can be sent, undefined
   * if it can; `lose(message, reason)`: a publication is not sent
   * @param codec one of those in serialization.js
   */
  constructor(link, codec) {
    this.#link = link;
    this.#codec = codec;
  }

  subscribe(topic, listener) {
    return this.#add(topic, listener, false);
  }

  once(topic, listener) {
    return this.#add(topic, listener, true);
  }

  #add(topic, listener, isOnce) {
    checkTopic(topic);
    checkListener(listener);
    let listeners = this.#topics.get(topic);
    if (!listeners && this.#topics.size >= MOST_TOPICS) {
      const remedy = 'End others first, or put what belongs together into one topic.';
      throw new ClusterError('ERR_TOPIC_LIMIT', `A process can subscribe to ${MOST_TOPICS} topics. ${remedy}`);
    }
    if (!listeners) this.#topics.set(topic, (listeners = new Set()));
    const entry = { topic, listener, isOnce, id: ++this.#last, isOpen: false };
    listeners.add(entry);
    this.#asked.set(entry.id, entry);
    if (this.#link.unreachable() === undefined) this.#ask(entry);
    return () => this.#remove(entry);
  }

  #ask({ topic, id }) {
    this.#send({ act: 'subscribe', topic, id });
  }

  unsubscribe(topic, listener) {
    checkTopic(topic);
    if (listener !== undefined) checkListener(listener);
    for (const entry of this.#topics.get(topic) ?? [])
      if (listener === undefined || entry.listener === listener) this.#remove(entry);
  }

  #remove(entry) {
    const { topic, id } = entry;
    const listeners = this.#topics.get(topic);
    if (!listeners?.delete(entry)) return;
    entry.isOpen = false;
    this.#asked.delete(id);
    if (listeners.size > 0) return;
    this.#topics.delete(topic);
    if (this.#link.unreachable() === undefined) this.#send({ act: 'unsubscribe', topic });
  }

  publish(topic, value, options) {
    checkTopic(topic);
    const { retain, scope } = checkOptions(options);
    const unreachable = this.#link.unreachable();
    if (unreachable !== undefined) {
      this.#link.lose({ topic, value }, unreachable);
      return false;
    }
    const { role } = this.#link;
    try {
      const frame = { act: 'publish', topic, scope, from: role, pid: process.pid };
      // `undefined` is no value: none is kept any longer.
      if (retain) frame.retain = value !== undefined;
      return this.#send(this.#codec.pack(frame, value));
    } catch (cause) {
      const { code, message } = describeError(cause);
      if (code === 'ERR_MESSAGE_TOO_LARGE') throw cause;
      const why = `What was published under '${topic}' cannot be written: ${message}. Publish plain data.`;
      throw new ClusterError('ERR_MESSAGE_INVALID', why, { cause });
    }
  }

  #send(frame) {
    return this.#link.send({ cmd: CMD, ...frame });
  }

  /** It can be reached now: the master hears of everybody who listens already. */
  open() {
    for (const entry of this.#asked.values()) this.#ask(entry);
  }

  /** A frame of the master's, or another process's. */
  receive(frame) {
    const { act } = frame;
    if (act === 'publish') this.#published(frame);
    else if (act === 'subscribed') this.#answered(frame);
    else if (act === 'unretained') {
      const why = `The value published under '${frame.topic}' was delivered, but is not retained: too many or too large values are.`;
      warn(
        'CLUSTER_TOPIC_NOT_RETAINED',
        `${why} Publish \`undefined\` with \`retain: true\` for topics that are over.`,
      );
    }
  }

  #answered({ id, retained }) {
    const entry = this.#asked.get(id);
    this.#asked.delete(id);
    // None: it ended in the meantime.
    if (entry) entry.isOpen = true;
    if (retained) this.#late = { entry };
  }

  #published(frame) {
    const late = this.#late;
    this.#late = undefined;
    const listeners = late ? [late.entry] : [...(this.#topics.get(frame.topic) ?? [])];
    const open = listeners.filter((entry) => entry?.isOpen);
    if (open.length === 0) return;
    let value;
    try {
      value = this.#codec.unpack(frame);
    } catch (err) {
      warn('CLUSTER_MESSAGE_INVALID', `What was published under '${frame.topic}' could not be read: ${err.message}`);
      return;
    }
    const { from, pid, topic } = frame;
    for (const entry of open) this.#call(entry, value, { from, pid, topic, retained: late !== undefined });
  }

  /** What a listener throws is uncaught, and the others are called all the same. */
  #call(entry, value, info) {
    // Another listener may have ended it just now.
    if (!entry.isOpen) return;
    if (entry.isOnce) this.#remove(entry);
    try {
      entry.listener(value, info);
    } catch (thrown) {
      timers.nextTick(() => {
        throw thrown;
      });
    }
  }

  /** Nothing comes any more. */
  close() {
    this.#topics.clear();
    this.#asked.clear();
  }
}

module.exports = { TopicEndpoint };
