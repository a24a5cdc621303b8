'use strict';

const { isWorker } = require('node:cluster');
const http = require('node:http');

http
  .createServer((_request, response) => response.end(isWorker ? 'from a worker' : 'no worker'))
  .listen(Number(process.argv[2] ?? 0));
