'use strict';

const http = require('node:http');
const { everySecond } = require('./schedule');

process.once('message', function chosen(message) {
  if (message.action === 'random-worker') everySecond('random worker');
  else process.once('message', chosen);
});

http.createServer((_request, response) => response.end()).listen(0);
