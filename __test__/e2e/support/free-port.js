'use strict';

const net = require('node:net');
const { once } = require('node:events');

/** A server that holds a port until it is closed. */
async function holdPort(options = {}) {
  const server = net.createServer().listen({ port: 0, ...options });
  await once(server, 'listening');
  return server;
}

/** Below those that the system gives to whoever wants any: nobody else is given it meanwhile. Each of jest's processes has ports of its
 *  own, so that no other test takes one between here and the app's start, and each file takes one after the other. */
const FIRST_PORT = 15_000;
const PORTS = 1000;
const PROCESSES = 17;
const first = FIRST_PORT + (Number(process.env.JEST_WORKER_ID ?? 0) % PROCESSES) * PORTS;
let next = Math.floor(Math.random() * PORTS);

/** A port that nobody holds. */
async function freePort() {
  for (;;) {
    const port = first + (next++ % PORTS);
    const server = await holdPort({ port }).catch(() => undefined);
    if (!server) continue;
    server.close();
    await once(server, 'close');
    return port;
  }
}

module.exports = { holdPort, freePort };
