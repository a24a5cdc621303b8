'use strict';

const http = require('node:http');
const net = require('node:net');
const { once } = require('node:events');

/** @returns status, rawHeaders, text; `options` as http.request's, and `body` */
async function request(port, { body, module = http, ...options } = {}) {
  const sent = module.request({ host: '127.0.0.1', port, ...options });
  sent.end(body);
  const [response] = await once(sent, 'response');
  let text = '';
  for await (const chunk of response) text += chunk;
  return { status: response.statusCode, headers: response.headers, rawHeaders: response.rawHeaders, text };
}

async function connect(port) {
  const socket = net.connect(port, '127.0.0.1');
  // What the other side does to it is the tests' matter.
  socket.on('error', () => {});
  await once(socket, 'connect');
  return socket;
}

/** All that comes until the other side ends it. */
async function readAll(socket) {
  let text = '';
  socket.on('data', (chunk) => {
    text += chunk;
  });
  await once(socket, 'close');
  return text;
}

async function freePort() {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

module.exports = { freePort, request, connect, readAll };
