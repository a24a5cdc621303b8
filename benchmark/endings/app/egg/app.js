'use strict';

// The same app under egg, which makes the server itself.

const { handle } = require('../pages');
const { takeWebSockets } = require('../sockets');
require('../lifecycle');

module.exports = (app) => {
  app.once('server', takeWebSockets);
  app.use((context) => {
    context.respond = false;
    context.res.statusCode = 200;
    handle(context.req, context.res);
  });
};
