'use strict';

const net = require('node:net');

// A worker counts as ready when it listens.
net.createServer().listen(0, '127.0.0.1', () => require('./part')('worker', process));
