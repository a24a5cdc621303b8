'use strict';
// A worker: an ordinary Express app, which would run without the cluster too.

const { setTimeout: pause } = require('node:timers/promises');
const express = require('express');

const app = express();

app.get('/', (request, response) => {
  response.json({ hello: request.query.name ?? 'world', pid: process.pid });
});

// Try a reload while this one is under way.
app.get('/slow', async (request, response) => {
  console.log(`${process.pid} works`);
  await pause(1000);
  response.json({ hello: 'at last', pid: process.pid });
});

app.listen(process.env.PORT ?? 3000);
