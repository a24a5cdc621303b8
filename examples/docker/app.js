'use strict';

const http = require('node:http');

const server = http.createServer((request, response) => {
  if (request.url === '/health') return response.end('ok\n');
  response.end(`answered by ${process.pid}\n`);
});

server.listen(process.env.PORT ?? 3000);
