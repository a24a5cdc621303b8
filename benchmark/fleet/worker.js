'use strict';

require('node:http')
  .createServer((_request, response) => response.end('ok'))
  .listen(0);
