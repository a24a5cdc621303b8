'use strict';

// The app of bench:http, which listens on further ports besides: LISTENERS in all.

const http = require('node:http');
require('../http/app/server');

for (let further = 1; further < Number(process.env.LISTENERS); further += 1) http.createServer().listen(0, '127.0.0.1');
