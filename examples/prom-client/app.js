'use strict';
// A worker: counts its requests.

const http = require('node:http');
const { AggregatorRegistry, Counter, collectDefaultMetrics } = require('prom-client');

new AggregatorRegistry(); // answers the app process
collectDefaultMetrics();
const answered = new Counter({ name: 'http_requests_total', help: 'Requests that were answered' });

const server = http.createServer((request, response) => {
  response.on('finish', () => answered.inc());
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify({ pid: process.pid }));
});

server.listen(process.env.PORT ?? 3000);
