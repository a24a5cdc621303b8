'use strict';

const { WebSocketServer } = require('ws');

/** Takes WebSockets, and never closes one by itself. */
module.exports = { takeWebSockets: (server) => new WebSocketServer({ server }) };
