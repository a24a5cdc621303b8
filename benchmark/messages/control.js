'use strict';

// The way to the processes that are measured: a socket of its own, so that orders and results are not among the messages
// that are measured. roles/orders.js is the other end.

const { EventEmitter, once } = require('node:events');
const net = require('node:net');
const readline = require('node:readline');

/** A process that is measured. */
class Remote {
  #socket;
  #calls = new Map();
  #next = 0;

  constructor(socket, { role, pid }) {
    Object.assign(this, { role, pid });
    this.#socket = socket;
    socket.on('close', () => {
      for (const { reject, name } of this.#calls.values()) reject(new Error(`${role} ended during ${name}`));
      this.#calls.clear();
    });
  }

  /** Has it do something; resolves with what came of it. */
  call(name, options = {}) {
    return new Promise((resolve, reject) => {
      const id = this.#next++;
      this.#calls.set(id, { resolve, reject, name });
      this.#socket.write(`${JSON.stringify({ id, name, options })}\n`);
    });
  }

  answer({ id, result, error }) {
    const { resolve, reject } = this.#calls.get(id);
    this.#calls.delete(id);
    if (error === undefined) resolve(result);
    else reject(new Error(`${this.role}: ${error}`));
  }
}

class Control extends EventEmitter {
  #server = net.createServer((socket) => this.#accept(socket));
  #sockets = new Set();

  constructor() {
    super();
    this.remotes = [];
  }

  /** Listens; resolves with the port. */
  async listen() {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return this.#server.address().port;
  }

  #accept(socket) {
    this.#sockets.add(socket);
    let remote;
    socket.setNoDelay();
    socket.on('close', () => this.#sockets.delete(socket));
    const lines = readline.createInterface({ input: socket });
    // A process that is killed may reset it: 'close' follows. Newer Nodes emit the socket's error on the reader, too.
    for (const emitter of [socket, lines]) emitter.on('error', () => {});
    lines.on('line', (line) => {
      const message = JSON.parse(line);
      if (remote) {
        remote.answer(message);
        return;
      }
      remote = new Remote(socket, message);
      this.remotes.push(remote);
      this.emit('joined');
    });
  }

  /** Upon this every process ends itself. */
  close() {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }
}

module.exports = { Control };
