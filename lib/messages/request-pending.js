'use strict';

// Requests that wait: for one answer, or for that of every worker, be it of this host or of all hosts of the fleet.

const { ClusterError, describeError, reviveError } = require('../errors');
const timers = require('../real-timers');

const RECEIVERS = { app: 'the app', alone: 'the alone', worker: 'a worker' };

function describe({ to, type, action, worker_pid: pid, scope }) {
  const worker = type === 'all' ? 'all workers' : pid && `worker ${pid}`;
  const ofFleet = scope === 'fleet' && !pid ? ' of the fleet' : '';
  return `Request '${action}' to ${worker ?? RECEIVERS[to]}${ofFleet}`;
}

const onHost = (host) => (host === undefined ? '' : ` on ${host}`);

class Pending {
  #what;
  #id;
  #endpoint;
  #timer;
  #stopWatching = () => {};
  #resolve;
  #reject;
  #promise = new Promise((resolve, reject) => {
    this.#resolve = resolve;
    this.#reject = reject;
  });

  /** @param endpoint `unpack(reply)`, `forget(id)`, `cancel(id)` */
  constructor(request, id, endpoint) {
    this.#what = request;
    this.#id = id;
    this.#endpoint = endpoint;
  }

  /** @param remaining what is left of `timeout` */
  wait({ timeout, remaining, signal }) {
    if (timeout !== Infinity) this.#timer = timers.setTimeout(() => this.#isOver(timeout), remaining);
    if (signal) {
      const abort = () => {
        this.#endpoint.cancel(this.#id);
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
    this.#timer = undefined;
    this.#stopWatching();
    this.#endpoint.forget(this.#id);
  }

  /** Timers run before what came during a long task is read: the answer may be among it. */
  #isOver(timeout) {
    timers.setImmediate(() => this.#timer && this.#expire(timeout));
  }

  #expire(timeout) {
    this.#endpoint.cancel(this.#id);
    this.giveUp(() => this.error('ERR_REQUEST_TIMEOUT', `no answer within ${timeout} ms (timeout)`));
  }

  abort(cause) {
    return this.reject(this.error('ERR_REQUEST_ABORTED', 'it was aborted', { cause }));
  }

  undeliverable(reason) {
    return this.reject(this.reachedNobody(reason));
  }

  reachedNobody(reason, host) {
    const error = this.error('ERR_REQUEST_UNDELIVERABLE', `it reached nobody${onHost(host)} (${reason})`);
    return Object.assign(error, host === undefined ? { reason } : { reason, host });
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

  /** A process does not answer any more, or its host left; else the request reached nobody. */
  gone({ host, pid, reason }) {
    if (pid != null) this.failed(this.keyOf({ host, pid }), this.noAnswer(`process ${pid}${onHost(host)}`, reason));
    else if (host !== undefined) this.without(host, () => this.noAnswerOf(host, reason));
    else this.undeliverable(reason);
  }

  noAnswerOf(host, reason) {
    if (reason === 'gone') return this.ended(`host ${host} left, or cannot be reached any more,`);
    return this.reachedNobody(reason, host);
  }

  /** It may have done what it was asked for. */
  noAnswer(who, reason) {
    if (reason === 'gone') return this.ended(`${who} ended`);
    return this.error('ERR_REQUEST_GONE', `the answer of ${who} does not arrive (${reason})`);
  }

  ended(what) {
    return this.error('ERR_REQUEST_GONE', `${what} before it answered`);
  }

  reply(frame) {
    const key = this.keyOf(frame);
    if (frame.error) {
      this.failed(key, remoteError(frame.error));
      return;
    }
    let value;
    try {
      value = this.#endpoint.unpack(frame);
    } catch (cause) {
      this.failed(key, this.error('ERR_MESSAGE_INVALID', `its answer cannot be read: ${cause.message}`, { cause }));
      return;
    }
    this.answered(key, value);
  }

  /** What an answer is kept by. */
  keyOf({ pid }) {
    return pid;
  }

  error(code, why, options) {
    return new ClusterError(code, `${describe(this.#what)}: ${why}.`, options);
  }
}

/** Resolves with the answer. */
class PendingAnswer extends Pending {
  /** To whom it went matters only where it went to many. */
  sent() {}

  answered(_key, value) {
    this.resolve(value);
  }

  failed(_key, error) {
    this.reject(error);
  }

  without(_host, errorOf) {
    this.reject(errorOf());
  }

  giveUp(errorOf) {
    this.reject(errorOf());
  }
}

/** Resolves with who has answered. */
class PendingWho extends PendingAnswer {
  keyOf({ host, pid }) {
    return { host, pid };
  }

  answered(who) {
    this.resolve(who);
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

/** The same of all hosts of the fleet, by `host/pid`. */
class PendingHosts extends Pending {
  /** By host, the keys of those who are still to answer; null: it has not said yet who was asked. Undefined until the hosts are known. */
  #waiting;
  #answers = new Map();
  #failed = new Map();

  keyOf({ host, pid }) {
    return `${host}/${pid}`;
  }

  sent({ hosts, host, pids }) {
    if (hosts) this.#waiting = new Map(hosts.map((each) => [each, null]));
    else this.#waiting?.set(host, new Set(pids.map((pid) => this.keyOf({ host, pid }))));
    this.#settle();
  }

  answered(key, value) {
    this.#answers.set(key, value);
    this.#done(key);
  }

  failed(key, error) {
    this.#failed.set(key, error);
    this.#done(key);
  }

  /** Other hosts answer all the same. */
  without(host, errorOf) {
    this.#failAll(host, errorOf);
    this.#settle();
  }

  giveUp(errorOf) {
    if (!this.#waiting) this.reject(errorOf());
    else for (const host of this.#waiting.keys()) this.#failAll(host, errorOf);
    this.#settle();
  }

  /** Of a host that has not said who was asked, the host. */
  #failAll(host, errorOf) {
    if (!this.#waiting?.has(host)) return;
    for (const key of this.#waiting.get(host) ?? [host]) this.#failed.set(key, errorOf());
    this.#waiting.set(host, new Set());
  }

  #done(key) {
    for (const keys of this.#waiting?.values() ?? []) keys?.delete(key);
    this.#settle();
  }

  #settle() {
    if (!this.#waiting) return;
    const isDone = [...this.#waiting.values()].every((keys) => keys?.size === 0);
    if (isDone) this.resolve({ answers: this.#answers, failed: this.#failed });
  }
}

/** What waits for the answers to this request. */
function pendingOf({ type, scope }) {
  if (type !== 'all') return PendingAnswer;
  return scope === 'fleet' ? PendingHosts : PendingAnswers;
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

module.exports = { PendingWho, pendingOf, showWhoAsked };
