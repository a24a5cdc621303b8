'use strict';

// The app of everybody. It tells when it listened, in ms since its process began.

const http = require('node:http');

http
  .createServer((_request, response) => response.end())
  .listen(Number(process.env.PORT), '127.0.0.1', () => process.send({ to: 'app', listened: performance.now() }));
