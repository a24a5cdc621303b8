'use strict';

const http = require('node:http');
const { sendAll } = require('./send-all');

const { count, size } = JSON.parse(process.argv[2]);
let received = 0;

process.on('message', (message) => {
  if (message === 'go') {
    sendAll((each, sent) => process.send(each, sent), count, size);
    return;
  }
  received += 1;
  if (received === count) process.send('all');
});

http.createServer((_request, response) => response.end()).listen(0);
