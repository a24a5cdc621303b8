'use strict';

const { EventEmitter, once } = require('node:events');
const http = require('node:http');
const { setImmediate: turn, setTimeout: pauseFor } = require('node:timers/promises');

/**
 * A closed loop of requests, `atOnce` under way at any time, until stop(). Each result is { port } (the client's own,
 * which tells the server's log of accepted connections about it) with { status, connection } or { error, after, isReused }: how many ms
 * after the request, and whether its connection had served others before.
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
    while (!this.#stopping) {
      const result = await this.#request(agent);
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

  #request(agent) {
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
        resolve({ port, error, after: performance.now() - begin, isReused: outgoing.reusedSocket }),
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
