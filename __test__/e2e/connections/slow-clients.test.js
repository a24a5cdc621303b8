'use strict';
// A client that reads nothing is its own affair, whoever accepted it.

const { once } = require('node:events');
const { start } = require('../support/cluster');
const { connect, request } = require('../support/client');

test.each(['auto', 'round-robin', 'sticky', 'shared'])(
  '%s: one who reads nothing of a large answer holds nobody up',
  async (balance) => {
    const app = await start({ count: 1, balance });
    const port = await app.port();
    const slow = await connect(port);
    slow.pause();
    slow.write('GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n');
    // The worker has begun to answer it: who comes later is answered after that.
    await once(slow, 'readable');
    for (let i = 0; i < 3; i++) expect((await request(port)).status).toBe(200);
    slow.destroy();
  },
);
