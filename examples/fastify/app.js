'use strict';
// A worker: an ordinary Fastify app.

const { setTimeout: pause } = require('node:timers/promises');
const fastify = require('fastify');

const app = fastify({ logger: { level: 'warn' } });

app.get('/', async (request) => ({ hello: request.query.name ?? 'world', pid: process.pid }));

app.get('/slow', async () => {
  console.log(`${process.pid} works`);
  await pause(1000);
  return { hello: 'at last', pid: process.pid };
});

// Plugins close what they opened in such a hook.
app.addHook('onClose', async () => console.log(`${process.pid} is closed`));

process.on('yunfly:drain', ({ afterRequests }) => {
  afterRequests(() => app.close());
});

app.listen({ port: process.env.PORT ?? 3000, host: '0.0.0.0' });
