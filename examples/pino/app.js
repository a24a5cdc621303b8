'use strict';
// A worker: it need not know about the log.

const http = require('node:http');

const server = http.createServer((request, response) => {
  console.log(`${request.method} ${request.url}`);
  if (request.url === '/bad') console.error(new Error('this is bad'));
  response.end(`answered by ${process.pid}\n`);
});

server.listen(process.env.PORT ?? 3000);
