'use strict';

// It listens, serves, and throws half a second later.

const http = require('node:http');

const LIFE_MS = 500;

const { listen } = http.Server.prototype;
http.Server.prototype.listen = function (...args) {
  this.once('listening', () => {
    setTimeout(() => {
      throw new Error(`version 2 dies ${LIFE_MS} ms after it listens`);
    }, LIFE_MS);
  });
  return listen.apply(this, args);
};

require('./server');
