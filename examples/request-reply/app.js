'use strict';
// A worker: each request is answered with the next ticket of its queue (/coffee, /tea).

const http = require('node:http');
const { onRequest, request } = require('@yunflyjs/cluster-native');

onRequest('memory', () => process.memoryUsage().rss);

async function ticket(queue) {
  try {
    const number = await request({ to: 'alone', action: 'ticket', data: { queue } }, { timeout: 5000 });
    return [200, { number, pid: process.pid }];
  } catch (error) {
    // The alone's own error, or ERR_REQUEST_TIMEOUT, ERR_REQUEST_GONE, …
    return [error.code === 'ERR_QUEUE' ? 404 : 503, { error: error.message }];
  }
}

const server = http.createServer(async ({ url }, response) => {
  const [status, body] = await ticket(url.slice(1));
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
});

server.listen(process.env.PORT ?? 3000);
