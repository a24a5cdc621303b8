'use strict';
// A worker: queries and mutations by POST, subscriptions by WebSocket, both at /graphql.

const http = require('node:http');
const { json } = require('node:stream/consumers');
const { graphql } = require('graphql');
const { useServer } = require('graphql-ws/use/ws');
const { WebSocketServer } = require('ws');
const { schema } = require('./schema');

const server = http.createServer(async (request, response) => {
  if (request.method !== 'POST') return response.writeHead(405).end();
  const body = await json(request).catch(() => null);
  if (typeof body?.query !== 'string') return response.writeHead(400).end();
  const result = await graphql({ schema, source: body.query, variableValues: body.variables });
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify(result));
});
const subscriptions = useServer({ schema }, new WebSocketServer({ server, path: '/graphql' }));

// Ends all subscriptions with 1001 (going away): the client connects again, to a worker that stays, and subscribes again.
process.on('yunfly:drain', ({ waitUntil }) => waitUntil(subscriptions.dispose()));

server.listen(process.env.PORT ?? 3000);
