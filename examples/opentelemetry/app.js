'use strict';
// A worker: a span for each request.

const http = require('node:http');
const { trace } = require('@opentelemetry/api');

const tracer = trace.getTracer('example');

const server = http.createServer((request, response) => {
  const span = tracer.startSpan(`${request.method} ${request.url}`);
  response.on('close', () => span.end());
  response.setHeader('content-type', 'application/json');
  setTimeout(() => response.end(JSON.stringify({ pid: process.pid })), 10);
});

server.listen(process.env.PORT ?? 3000);
