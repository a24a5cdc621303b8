'use strict';

// Requests and their answers: the same in the app, in the alone and in the workers. Frames are routed by the master like
// messages; it also knows what is under way, and says when who should answer is gone. Their `cmd` is internal to Node: no
// 'message' listener sees them.

const { ClusterError, describeError } = require('../errors');
const timers = require('../real-timers');
const { TARGETS, checkAction, checkJob, checkRequest } = require('./request-arguments');
const { toJson } = require('./serialization');
const { withRetry } = require('./job');
const { PendingWho, pendingOf, showWhoAsked } = require('./request-pending');

const CMD = 'NODE_YUNFLY_RPC';

/** What a worker of any host does with the message of `cluster.randomWorker()` (lib/preload/random-worker.js). */
const RANDOM_WORKER = 'yunfly:random-worker';

/** Of an error for which the smallest `maxMessageBytes` has room, so many characters of each text. */
const SHORT_TEXT = 150;

/** The end of a process. Ids are unique although a pid may come again. */
const instance = `${process.pid}-${Math.trunc(timers.now() * 1e6).toString(36)}`;
let count = 0;

class RequestEndpoint {
  #link;
  #codec;
  #handlers = new Map();
  #pending = new Map();
  /** So many requests are being answered. */
  #answering = 0;
  #whenSettled = [];
  /** What those that wait need of this one. */
  #asking = {
    unpack: (frame) => this.#codec.unpack(frame),
    forget: (id) => this.#pending.delete(id),
    cancel: (id) => this.#tryToSend({ cmd: CMD, act: 'cancel', id }),
  };

  /**
   * @param link `role` of this process; `hasFleet`: there are other hosts; `send(frame)`; `unreachable()`: why nothing can be sent, undefined if it can
   * @param codec one of those in serialization.js
   */
  constructor(link, codec) {
    this.#link = link;
    this.#codec = codec;
  }

  async request(message, options) {
    try {
      const answer = await this.#ask(message, checkRequest(message, options));
      if (message.type === 'all') for (const error of answer.failed.values()) showWhoAsked(error, this.request);
      return answer;
    } catch (error) {
      showWhoAsked(error, this.request);
      throw error;
    }
  }

  /** What only one worker of all is to do. */
  async job(name, data, options) {
    const { retry, timeout, signal } = checkJob(name, options);
    const message = { to: 'worker', action: name, data, ...(this.#link.hasFleet && { scope: 'fleet' }) };
    try {
      const ask = (remaining) => this.#ask(message, { timeout, signal, remaining });
      return await withRetry(retry, timeout, ask, this.#link);
    } catch (error) {
      showWhoAsked(error, this.job);
      throw error;
    }
  }

  /** Gives a message to a worker of any host, as JSON. @returns who that is */
  async randomWorker(message = {}) {
    const asked = { to: 'worker', scope: 'fleet', action: RANDOM_WORKER, data: JSON.parse(toJson(message)) };
    try {
      return await this.#ask(asked, checkRequest(asked), PendingWho);
    } catch (error) {
      showWhoAsked(error, this.randomWorker);
      throw error;
    }
  }

  /** Both arguments are checked. `remaining`: what is left of `timeout`. */
  #ask(message, { timeout, signal, remaining = timeout }, Pending = pendingOf(message)) {
    const { to, type, worker_pid, scope, action, data } = message;
    const id = `${instance}-${++count}`;
    const pending = new Pending(message, id, this.#asking);
    if (signal?.aborted) return pending.abort(signal.reason);
    const unreachable = this.#link.unreachable();
    if (unreachable !== undefined) return pending.undeliverable(unreachable);

    const { role } = this.#link;
    this.#pending.set(id, pending);
    try {
      const { pid } = process;
      const frame = {
        cmd: CMD,
        act: 'request',
        id,
        to,
        type,
        worker_pid,
        scope,
        action,
        from: role,
        pid,
      };
      this.#link.send(this.#codec.pack(frame, data));
    } catch (cause) {
      return pending.invalid(cause);
    }
    return pending.wait({ timeout, remaining, signal });
  }

  onRequest(action, handler) {
    checkAction(action);
    if (typeof handler !== 'function') {
      throw new ClusterError('ERR_CALLBACK_INVALID', `The handler of the requests '${action}' must be a function.`);
    }
    if (this.#handlers.has(action)) {
      const remedy = 'Remove the first one with the function that onRequest() returned for it.';
      throw new ClusterError('ERR_HANDLER_EXISTS', `This process already answers the requests '${action}'. ${remedy}`);
    }
    this.#handlers.set(action, handler);
    return () => {
      if (this.#handlers.get(action) === handler) this.#handlers.delete(action);
    };
  }

  /** A frame of another process's, or of the master's. */
  receive(frame) {
    if (frame.act === 'request') {
      this.#answering += 1;
      this.#answer(frame);
    } else if (['reply', 'sent', 'gone', 'refused'].includes(frame.act)) {
      // None: it was given up in the meantime.
      this.#pending.get(frame.id)?.[frame.act](frame);
    }
  }

  /** Resolves when no request is being answered. */
  async settled() {
    if (this.#answering > 0) await new Promise((resolve) => this.#whenSettled.push(resolve));
  }

  /** Nothing can come any more. */
  close() {
    for (const pending of [...this.#pending.values()]) pending.cutOff();
  }

  /** It never rejects. */
  async #answer(request) {
    const { id, action, from, pid, host } = request;
    const { to, worker_pid } = address(request);
    const answer = { cmd: CMD, act: 'reply', id, to, worker_pid, host, pid: process.pid };
    // Of this host's own the name is not told.
    const context = { from, pid, action, ...(host !== undefined && { host }) };
    try {
      const handler = this.#handlers.get(action) ?? this.#refuse;
      const value = await handler(this.#codec.unpack(request), context);
      this.#sendAnswer(answer, action, value);
    } catch (thrown) {
      this.#sendFailure(answer, thrown);
    }
    this.#answering -= 1;
    if (this.#answering === 0) for (const settled of this.#whenSettled.splice(0)) settled();
  }

  /** Whatever was thrown, who asked gets an answer: where even what is left of it is too large, the reason why. */
  #sendFailure(answer, thrown) {
    try {
      this.#tryToSend({ ...answer, error: describeError(thrown) });
    } catch (cause) {
      this.#tryToSend({ ...answer, error: describeError(cause, SHORT_TEXT) });
    }
  }

  #refuse = (_data, { action }) => {
    const { role } = this.#link;
    const remedy = `Call onRequest('${action}', …) there.`;
    throw new ClusterError(
      'ERR_NO_HANDLER',
      `The ${role} (pid ${process.pid}) does not answer the requests '${action}'. ${remedy}`,
    );
  };

  #sendAnswer(answer, action, value) {
    try {
      this.#link.send(this.#codec.pack({ ...answer }, value));
    } catch (cause) {
      const { code, message } = describeError(cause);
      if (code === 'ERR_MESSAGE_TOO_LARGE') throw cause;
      const why = `The answer to '${action}' cannot be written: ${message}. Answer with plain data.`;
      throw new ClusterError('ERR_MESSAGE_INVALID', why, { cause });
    }
  }

  /** Where nobody is left, there is nobody to tell. */
  #tryToSend(frame) {
    if (this.#link.unreachable() === undefined) this.#link.send(frame);
  }
}

/** Where an answer goes. Another process wrote it: nothing else of it gets into a frame of this one. */
function address({ from, pid }) {
  if (from === 'worker') return { to: from, worker_pid: typeof pid === 'number' ? pid : undefined };
  return { to: TARGETS.includes(from) ? from : undefined, worker_pid: undefined };
}

module.exports = { RANDOM_WORKER, RequestEndpoint };
