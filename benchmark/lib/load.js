'use strict';

// Open-loop load: requests begin at a constant rate whatever becomes of those before them, each on a new connection.

const http = require('node:http');

const TICK_MS = 5;
const SLOW_SHARE = 0.2;
const SLOW_LEAST_MS = 50;
const SLOW_MOST_MS = 300;

function delay() {
  return Math.random() < SLOW_SHARE ? Math.round(SLOW_LEAST_MS + Math.random() * (SLOW_MOST_MS - SLOW_LEAST_MS)) : 0;
}

class Load {
  #open = new Set();
  #timer;

  /** `rate`: requests a second; `patience`: after how many ms without an end a request counts as hung; `pathOf(id)`: what is
   *  asked for, to be answered with the id. */
  constructor(port, { rate, patience, pathOf = (id) => `/?id=${id}&delay=${delay()}` }) {
    /** One for each request: `{ id, from, to, port (the client's own), outcome: 'succeeded', 'lost', 'hung', error? }`. */
    this.requests = [];
    this.target = { host: '127.0.0.1', port, agent: false };
    this.patience = patience;
    this.pathOf = pathOf;
    const begin = performance.now();
    this.#timer = setInterval(() => {
      const due = ((performance.now() - begin) / 1000) * rate;
      while (this.requests.length < due) this.#begin();
    }, TICK_MS);
  }

  #begin() {
    const request = { id: String(this.requests.length), from: Date.now() };
    this.requests.push(request);
    const ended = this.#send(request).finally(() => this.#open.delete(ended));
    this.#open.add(ended);
  }

  #send(request) {
    return new Promise((resolve) => {
      const end = (outcome, error) => {
        if (request.outcome) return;
        clearTimeout(timer);
        Object.assign(request, { to: Date.now(), outcome, error });
        outgoing.destroy();
        resolve();
      };
      const fail = (error) => end('lost', error.code ?? error.message);
      const timer = setTimeout(() => end('hung'), this.patience);
      const outgoing = http.get({ ...this.target, path: this.pathOf(request.id) }, (incoming) => {
        let text = '';
        incoming.setEncoding('utf8');
        incoming.on('data', (part) => (text += part));
        incoming.on('error', fail);
        incoming.on('end', () => {
          if (incoming.statusCode === 200 && text === request.id) end('succeeded');
          else end('lost', `status ${incoming.statusCode}, '${text}'`);
        });
      });
      outgoing.on('error', fail);
      outgoing.on('socket', (socket) => socket.once('connect', () => (request.port = socket.localPort)));
    });
  }

  /** Begins no more; resolves when each request has ended. */
  async stop() {
    clearInterval(this.#timer);
    await Promise.all(this.#open);
  }
}

module.exports = { Load };
