'use strict';

const cluster = require('node:cluster');
const http = require('node:http');
const { everySecond } = require('./schedule');

cluster.worker.once('message', function chosen({ action }) {
  if (action === 'random-worker') everySecond('random worker');
  else cluster.worker.once('message', chosen);
});

http.createServer((_request, response) => response.end()).listen(0);
