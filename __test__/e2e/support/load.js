'use strict';

const { EventEmitter, once } = require('node:events');
const http = require('node:http');
const { setImmediate: turn, setTimeout: pauseFor } = require('node:timers/promises');

/** A worker that ends closes what was idle for 300 ms, and a request that is sent just then is reset, whatever the server does (RFC 9112,
 *  9.3.1). A client that pauses for 16 ms comes to that only where it stood still itself: then it takes a new connection. */
const IDLE_MS = 150;

/**
 * A closed loop of requests, `atOnce` under way at any time, until stop(). Each result is { port } (the client's own,
 * which tells the server's log of accepted connections about it) with { status, connection } or { error, after, isReused, idle }: how many
 * ms after the request, whether its connection had served others before, and for how long it was idle then.
 */
class Load extends EventEmitter {
  #stopping = false;
  #lanes;

  /**
   * `patience`: after how many ms without an answer a request counts as failed; without it, it waits.
   * `pause`: ms from an answer to the next request. 0 takes all the processor time that there is, from other tests as well.
   */
  constructor(port, { atOnce = 16, keepAlive = false, path = '/', patience, pause = 16 } = {}) {
    super();
    this.pause = pause;
    this.results = [];
    this.target = { host: '127.0.0.1', port, path, timeout: patience };
    this.#lanes = Promise.all(Array.from({ length: atOnce }, () => this.#lane(keepAlive)));
  }

  async #lane(keepAlive) {
    const agent = keepAlive ? new http.Agent({ keepAlive: true, maxSockets: 1 }) : false;
    let answered = performance.now();
    while (!this.#stopping) {
      if (agent && performance.now() - answered > IDLE_MS) agent.destroy();
      const result = await this.#request(agent, answered);
      answered = performance.now();
      this.results.push(result);
      this.emit('result', result);
      if (result.error?.code === 'ECONNREFUSED') this.#stopping = true;
      else if (this.pause) await this.#pauseAndRead();
    }
    if (agent) agent.destroy();
  }

  /** Where this process stood still its timers run first: it reads, too, before it asks on a connection that may have been closed for
   *  having been idle so long. */
  async #pauseAndRead() {
    await pauseFor(this.pause);
    await turn();
  }

  #request(agent, answered) {
    return new Promise((resolve) => {
      let port;
      const begin = performance.now();
      const outgoing = http.get({ ...this.target, agent }, (incoming) => {
        incoming.on('error', (error) => resolve({ port, error }));
        incoming.on('end', () =>
          resolve({ port, status: incoming.statusCode, connection: incoming.headers.connection }),
        );
        incoming.resume();
      });
      outgoing.on('socket', (socket) => {
        if (socket.connecting) socket.once('connect', () => (port = socket.localPort));
        else port = socket.localPort;
      });
      outgoing.on('timeout', () => outgoing.destroy(Object.assign(new Error('no answer'), { code: 'no answer' })));
      outgoing.on('error', (error) =>
        resolve({
          port,
          error,
          after: performance.now() - begin,
          isReused: outgoing.reusedSocket,
          idle: begin - answered,
        }),
      );
    });
  }

  /** Resolves after `count` more requests were answered. */
  async answered(count) {
    for (let left = count; left > 0;) {
      const [result] = await once(this, 'result');
      if (result.status) left -= 1;
    }
  }

  /** Resolves when the server refused a connection: nobody listens any more. */
  async refused() {
    await this.#lanes;
    return this.results;
  }

  /** Lets the requests under way end; resolves with all results. */
  async stop() {
    this.#stopping = true;
    await this.#lanes;
    return this.results;
  }
}

module.exports = { Load };
