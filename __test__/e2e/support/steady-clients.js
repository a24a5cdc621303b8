'use strict';

const http = require('node:http');

/** More than the master's, which is 10 s while nobody serves, and than a storm of restarts takes on a busy machine. */
const PATIENCE_MS = 60_000;

/**
 * Two clients that ask every `pause` ms, whether or not the answers before came: one on a new connection each time, one on
 * connections that it keeps alive. A result is { client, version } or { client, error }.
 */
class SteadyClients {
  #agents = { fresh: false, 'kept alive': new http.Agent({ keepAlive: true }) };
  #target;
  #timer;
  #asked = [];
  results = [];

  constructor(port, pause) {
    this.#target = { host: '127.0.0.1', port };
    this.#timer = setInterval(() => {
      for (const client of Object.keys(this.#agents)) this.#asked.push(this.#ask(client));
    }, pause);
  }

  async #ask(client) {
    this.results.push({ client, ...(await this.#once(client)) });
  }

  #once(client) {
    return new Promise((resolve) => {
      const outgoing = http.get({ ...this.#target, agent: this.#agents[client], timeout: PATIENCE_MS }, (incoming) => {
        let text = '';
        incoming.setEncoding('utf8');
        incoming.on('data', (part) => (text += part));
        incoming.on('error', (error) => resolve({ error: error.code }));
        incoming.on('end', () => {
          const { statusCode } = incoming;
          resolve(statusCode === 200 ? { version: JSON.parse(text).version } : { error: `status ${statusCode}` });
        });
      });
      outgoing.on('timeout', () => outgoing.destroy(Object.assign(new Error(), { code: 'no answer' })));
      outgoing.on('error', ({ code }) => resolve({ error: code }));
    });
  }

  /** Lets what was asked be answered; resolves with all results. */
  async stop() {
    clearInterval(this.#timer);
    await Promise.all(this.#asked);
    this.#agents['kept alive'].destroy();
    return this.results;
  }
}

module.exports = { SteadyClients };
