'use strict';
// A worker: answers requests, and does the jobs that it is given.

const http = require('node:http');
const { setTimeout: pause } = require('node:timers/promises');
const { onRequest } = require('@yunflyjs/cluster-native');

let done = 0;

async function sendReminder() {
  await pause(200);
  done += 1;
}

onRequest('remind', async (job) => {
  await sendReminder(job);
  return { pid: process.pid };
});

const server = http.createServer((request, response) => {
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify({ pid: process.pid, done }));
});

server.listen(process.env.PORT ?? 3000);
