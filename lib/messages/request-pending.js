'use strict';

// Requests that wait: for one answer, or for that of every worker.

const { ClusterError, describeError, reviveError } = require('../errors');
const timers = require('../real-timers');

const RECEIVERS = { app: 'the app', alone: 'the alone', worker: 'a worker' };

function describe({ to, type, action, worker_pid: pid }) {
  const worker = type === 'all' ? 'all workers' : pid && `worker ${pid}`;
  return `Request '${action}' to ${worker ?? RECEIVERS[to]}`;
}

class Pending {
  #what;
  #endpoint;
  #timer;
  #stopWatching = () => {};
  #resolve;
  #reject;
  #promise = new Promise((resolve, reject) => {
    this.#resolve = resolve;
    this.#reject = reject;
  });

  /** @param endpoint `unpack(reply)`, `forget()`, `cancel()` */
  constructor(request, endpoint) {
    this.#what = request;
    this.#endpoint = endpoint;
  }

  wait(timeout, signal) {
    if (timeout !== Infinity) this.#timer = timers.setTimeout(() => this.#expire(timeout), timeout);
    if (signal) {
      const abort = () => {
        this.#endpoint.cancel();
        this.abort(signal.reason);
      };
      signal.addEventListener('abort', abort);
      this.#stopWatching = () => signal.removeEventListener('abort', abort);
    }
    return this.#promise;
  }

  resolve(value) {
    this.#end();
    this.#resolve(value);
    return this.#promise;
  }

  reject(error) {
    this.#end();
    this.#reject(error);
    return this.#promise;
  }

  #end() {
    timers.clearTimeout(this.#timer);
    this.#stopWatching();
    this.#endpoint.forget();
  }

  #expire(timeout) {
    this.#endpoint.cancel();
    this.giveUp(() => this.error('ERR_REQUEST_TIMEOUT', `no answer within ${timeout} ms (timeout)`));
  }

  abort(cause) {
    return this.reject(this.error('ERR_REQUEST_ABORTED', 'it was aborted', { cause }));
  }

  undeliverable(reason) {
    return this.reject(this.error('ERR_REQUEST_UNDELIVERABLE', `it reached nobody (${reason})`));
  }

  invalid(cause) {
    const { code, message } = describeError(cause);
    if (code === 'ERR_MESSAGE_TOO_LARGE') return this.reject(cause);
    const why = `its data cannot be written: ${message}. Send plain data`;
    return this.reject(this.error('ERR_MESSAGE_INVALID', why, { cause }));
  }

  /** The master skipped it. */
  refused({ limit }) {
    const remedy = 'Send less, or raise maxMessageBytes in the cluster config';
    this.reject(this.error('ERR_MESSAGE_TOO_LARGE', `it has more than ${limit} bytes. ${remedy}`));
  }

  /** This process's own channel is closed. */
  cutOff() {
    this.giveUp(() => this.error('ERR_REQUEST_GONE', 'the channel was closed before the answer came'));
  }

  /** A process ended before it answered; without a pid the request reached nobody. */
  gone({ pid, reason }) {
    if (pid == null) this.undeliverable(reason);
    else this.failed(pid, this.error('ERR_REQUEST_GONE', `process ${pid} ended before it answered`));
  }

  reply(frame) {
    if (frame.error) {
      this.failed(frame.pid, remoteError(frame.error));
      return;
    }
    let value;
    try {
      value = this.#endpoint.unpack(frame);
    } catch (cause) {
      this.failed(
        frame.pid,
        this.error('ERR_MESSAGE_INVALID', `its answer cannot be read: ${cause.message}`, { cause }),
      );
      return;
    }
    this.answered(frame.pid, value);
  }

  error(code, why, options) {
    return new ClusterError(code, `${describe(this.#what)}: ${why}.`, options);
  }
}

/** Resolves with the answer. */
class PendingAnswer extends Pending {
  /** To whom it went matters only where it went to many. */
  sent() {}

  answered(_pid, value) {
    this.resolve(value);
  }

  failed(_pid, error) {
    this.reject(error);
  }

  giveUp(errorOf) {
    this.reject(errorOf());
  }
}

/** Resolves with what each worker answered, and why others did not. */
class PendingAnswers extends Pending {
  /** Who is still to answer; null until it is known who was asked. */
  #waiting = null;
  #answers = new Map();
  #failed = new Map();

  sent({ pids }) {
    this.#waiting = new Set(pids);
    this.#settle();
  }

  answered(pid, value) {
    this.#answers.set(pid, value);
    this.#done(pid);
  }

  failed(pid, error) {
    this.#failed.set(pid, error);
    this.#done(pid);
  }

  giveUp(errorOf) {
    if (!this.#waiting) this.reject(errorOf());
    else for (const pid of this.#waiting) this.failed(pid, errorOf());
  }

  #done(pid) {
    this.#waiting?.delete(pid);
    this.#settle();
  }

  #settle() {
    if (this.#waiting?.size === 0) this.resolve({ answers: this.#answers, failed: this.#failed });
  }
}

/** The stack shows who waits for the answer, not how it came. Called where `asked` goes on after its `await`: V8 knows then who
 *  awaits `asked`, and it costs nothing where there is no error. */
function showWhoAsked(error, asked) {
  const here = {};
  Error.captureStackTrace(here, asked);
  // None, or not a text: the app has an Error.stackTraceLimit or an Error.prepareStackTrace of its own.
  if (typeof here.stack !== 'string') return;
  const frames = here.stack.split('\n').slice(1);
  const stack = [String(error), ...frames].join('\n');
  Object.defineProperty(error, 'stack', { value: stack, configurable: true, writable: true });
}

/** What a handler threw in the other process, which may have sent anything. */
function remoteError(sent) {
  const text = (field) => (typeof sent[field] === 'string' ? sent[field] : undefined);
  const code = typeof sent.code === 'number' ? sent.code : text('code');
  const told = { name: text('name') ?? 'Error', message: text('message'), code };
  const error = told.name === 'ClusterError' ? new ClusterError(code, told.message) : reviveError(told);
  return Object.assign(error, { remoteStack: text('stack') });
}

module.exports = { PendingAnswer, PendingAnswers, showWhoAsked };
