'use strict';

// The app that is reloaded: that of bench:http. PM2 ends old workers by SIGINT, upon which its documentation lets the app
// close its servers itself; here that is done where GRACEFUL_SIGINT is set.

const http = require('node:http');

if (process.env.GRACEFUL_SIGINT) {
  const { listen } = http.Server.prototype;
  http.Server.prototype.listen = function (...args) {
    process.once('SIGINT', () => this.close(() => process.exit()));
    return listen.apply(this, args);
  };
}

require('../../http/app/server');
