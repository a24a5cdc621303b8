'use strict';

const net = require('node:net');
const { once } = require('node:events');

/** A server that holds a port until it is closed. */
async function holdPort(options = {}) {
  const server = net.createServer().listen({ port: 0, ...options });
  await once(server, 'listening');
  return server;
}

/** Below those that the system gives to whoever wants any: nobody else is given it meanwhile. */
const FIRST_PORT = 15_000;
const LAST_PORT = 32_000;

/** A port that nobody holds. */
async function freePort() {
  for (;;) {
    const port = FIRST_PORT + Math.floor(Math.random() * (LAST_PORT - FIRST_PORT));
    const server = await holdPort({ port }).catch(() => undefined);
    if (!server) continue;
    server.close();
    await once(server, 'close');
    return port;
  }
}

module.exports = { holdPort, freePort };
