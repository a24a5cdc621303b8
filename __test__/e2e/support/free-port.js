'use strict';

const net = require('node:net');
const { once } = require('node:events');

/** A server that holds a port until it is closed. */
async function holdPort(options = {}) {
  const server = net.createServer().listen({ port: 0, ...options });
  await once(server, 'listening');
  return server;
}

/** A port that nobody holds at this moment. */
async function freePort() {
  const server = await holdPort();
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

module.exports = { holdPort, freePort };
