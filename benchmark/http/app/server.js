'use strict';

// The app, the same for everybody: each worker of each peer runs this file. PORT tells where.

const http = require('node:http');
const { BODY } = require('./body');

const HEADERS = { 'content-type': 'text/plain', 'content-length': Buffer.byteLength(BODY) };

function block(duration) {
  const end = performance.now() + duration;
  while (performance.now() < end);
}

const pages = {
  '/': (response) => response.writeHead(200, HEADERS).end(BODY),
  '/pid': (response) => response.end(`${process.pid}\n`),
  // From now on this worker blocks for the first half of each 600 ms.
  '/stall': (response) => response.end(`${process.pid}\n`, () => setInterval(() => block(300), 600)),
  // This worker never does anything again.
  '/hang': (response) => response.end(`${process.pid}\n`, () => setImmediate(() => block(Infinity))),
};

const server = http.createServer((request, response) => {
  const page = pages[request.url];
  if (page) page(response);
  else response.writeHead(404).end();
});
// Longer than any measurement: what closes a connection is never the idle timeout.
server.keepAliveTimeout = 120_000;
server.listen(Number(process.env.PORT), '127.0.0.1');
