'use strict';

require('node:http')
  .createServer((request, response) => response.end('ok'))
  .listen(0);
