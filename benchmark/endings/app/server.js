'use strict';

// The app, as each worker of all but egg runs it. PORT tells where.

const http = require('node:http');
const { handle } = require('./pages');
const { takeWebSockets } = require('./sockets');
require('./lifecycle');

const server = http.createServer(handle);
takeWebSockets(server);
server.listen(Number(process.env.PORT), '127.0.0.1');
