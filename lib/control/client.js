'use strict';

// What a cluster can be asked and told from outside its app, by its control socket: HTTP (crates/admin), answered by the master.

const http = require('http');
const net = require('net');
const util = require('util');
const { ClusterError } = require('../errors');
const { connectControl } = require('../native/addon');

/** The master answers questions at once, and does what is quick: one that doesn't is stopped, or has no CPU. */
const PATIENCE_MS = 5000;
const QUICK_ORDERS = /^\/(?:stop|kill|fleet\/\w+)$/;

class ControlClient {
  #path;

  constructor(path, { title, pid }) {
    this.#path = path;
    this.title = title;
    this.pid = pid;
  }

  /** A client of the cluster that listens there. */
  static async at(path) {
    return new ControlClient(path, await ask(path, 'GET', '/identity'));
  }

  stats() {
    return ask(this.#path, 'GET', '/stats');
  }

  metrics() {
    return ask(this.#path, 'GET', '/metrics');
  }

  events(after = 0) {
    return ask(this.#path, 'GET', `/events?after=${after}`);
  }

  async isReady() {
    const { status } = await exchange(this.#path, 'GET', '/readyz');
    return status === 200;
  }

  async reload(options = {}) {
    await this.#isThere();
    const { status, body } = await exchange(this.#path, 'POST', '/reload', options);
    const { ok, reason, replaced, error } = read(status, body, (answer) => answer.ok !== undefined);
    return { ok, replaced, ...(!ok && { reason, error: new ClusterError(error.code, error.message) }) };
  }

  async scale(count) {
    await this.#isThere();
    await ask(this.#path, 'POST', '/scale', { count });
  }

  async stop() {
    await ask(this.#path, 'POST', '/stop');
  }

  async restart(slot) {
    await this.#isThere();
    return ask(this.#path, 'POST', '/restart', { slot });
  }

  async kill(slot) {
    const { pid } = await ask(this.#path, 'POST', '/kill', { slot });
    return pid;
  }

  async #isThere() {
    await ask(this.#path, 'GET', '/identity');
  }

  async profile(slot, options) {
    const { checkProfile, profileOrder } = require('../config/profile');
    checkProfile(options);
    const pid = await this.#pidOf(slot);
    const order = { slot, pid, ...profileOrder(options, { title: this.title, slot, pid }) };
    return ask(this.#path, 'POST', '/profile', order, options.signal);
  }

  async #pidOf(slot) {
    const { children } = await this.stats();
    // Who drains has left its slot.
    const at = children.filter((child) => child.state !== 'draining');
    const found = at.find((child) => (slot === 'alone' ? child.role === slot : child.slot === slot));
    if (found) return found.pid;
    if (slot === 'alone') throw new ClusterError('ERR_NO_ALONE', 'There is no alone process.');
    throw new ClusterError('ERR_NO_SUCH_SLOT', `Slot ${slot} has no worker.`);
  }

  async fleetMove(to) {
    await ask(this.#path, 'POST', '/fleet/move', { to });
  }

  async fleetDrain(host) {
    await ask(this.#path, 'POST', '/fleet/drain', { host });
  }

  async fleetResume(host) {
    await ask(this.#path, 'POST', '/fleet/resume', { host });
  }

  logs() {
    return ask(this.#path, 'GET', '/logs');
  }

  async reopenLogs() {
    await this.#isThere();
    const { files } = await ask(this.#path, 'POST', '/logs/reopen');
    return files;
  }
}

/** What may take long is waited for without a limit: before it, whether anybody is there. */
const isQuick = (method, url) => method === 'GET' || QUICK_ORDERS.test(url);

/** JSON knows no undefined, which removes a variable: null stands for it. */
function written(fields) {
  return JSON.stringify(fields, function (_name, value) {
    return value === undefined && this === fields?.env ? null : value;
  });
}

async function ask(path, method, url, fields, signal) {
  const { status, body } = await exchange(path, method, url, fields, signal);
  return read(status, body, () => status === 200);
}

/** The answer, or the error that it is. */
function read(status, body, isAnswer) {
  let answer;
  try {
    answer = JSON.parse(body);
  } catch {
    if (status === 200) return body;
    answer = { error: { code: 'ERR_CONTROL_FAILED', message: body.trim() } };
  }
  if (isAnswer(answer)) return answer;
  throw new ClusterError(answer.error.code, answer.error.message);
}

/** `signal`: whoever aborts it says no more, but hears the answer. */
function exchange(path, method, url, fields, signal) {
  const text = fields === undefined ? '' : written(fields);
  return new Promise((resolve, reject) => {
    const createConnection = () => new net.Socket({ fd: connect(path) });
    const headers = { 'content-length': Buffer.byteLength(text) };
    const request = http.request({ createConnection, method, path: url, headers }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (part) => (body += part));
      response.on('error', (cause) => reject(gone(cause)));
      response.on('end', () => resolve({ status: response.statusCode, body }));
    });
    const hangUp = () => request.socket?.end();
    signal?.addEventListener('abort', hangUp, { once: true });
    request.on('close', () => signal?.removeEventListener('abort', hangUp));
    if (signal?.aborted) request.on('finish', hangUp);
    if (isQuick(method, url)) request.setTimeout(PATIENCE_MS, () => request.destroy(new SilentError()));
    request.on('error', (error) => reject(error instanceof ClusterError ? error : cut(error)));
    request.end(text);
  });
}

function connect(path) {
  const fd = connectControl(path);
  if (fd >= 0) return fd;
  const name = util.getSystemErrorName(fd);
  // So many wait that no more can: it takes none.
  throw name === 'EAGAIN' ? new SilentError() : gone(new Error(name));
}

/** It was there: one that is refused is closed before it could ask, and an order may be under way. */
function cut(cause) {
  const message =
    'The cluster ended the connection before it answered: it is stopping, too many ask it, or it refused this process, which is of ' +
    'another user, or sees other files (a container, a service with a mount namespace).';
  return new ClusterError('ERR_CONTROL_FAILED', message, { cause });
}

/** It is there, but takes or answers nothing. */
class SilentError extends ClusterError {
  constructor() {
    const why = 'its app is stopped (SIGSTOP), or has no CPU';
    super('ERR_CONTROL_FAILED', `The cluster does not answer within ${PATIENCE_MS} ms: ${why}.`);
  }
}

function gone(cause) {
  const message = `The cluster cannot be reached (${cause.message}): it has ended, or is somebody else's.`;
  return new ClusterError('ERR_CLUSTER_NOT_FOUND', message, { cause });
}

module.exports = { ControlClient, SilentError };
