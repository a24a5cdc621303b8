'use strict';

// What the app answers.

const { setTimeout: sleep } = require('node:timers/promises');
const { note } = require('./notes');

const LINES = 20_000;
const LINE = 'x'.repeat(60);
const JOB_LEAST_MS = 100;
const JOB_MOST_MS = 500;
const EVENT_EVERY_MS = 200;

/** Answers at once, and works on. */
async function job(response, id) {
  note(`started ${id}`);
  response.end(id);
  await sleep(JOB_LEAST_MS + Math.random() * (JOB_MOST_MS - JOB_LEAST_MS));
  note(`finished ${id}`);
}

function lines(response) {
  for (let i = 0; i < LINES; i += 1) console.log(`${i} ${LINE}`);
  response.end();
}

function events(response) {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  const timer = setInterval(() => response.write('data: now\n\n'), EVENT_EVERY_MS);
  response.on('close', () => clearInterval(timer));
  response.write('data: first\n\n');
}

/** As a callback of a driver does that throws: nobody can tell to which request it belongs. */
function crash() {
  setImmediate(() => {
    throw new Error('thrown outside of the promise of the request');
  });
}

function handle(request, response) {
  const { pathname, searchParams } = new URL(request.url, 'http://localhost');
  const id = searchParams.get('id');
  if (pathname === '/job') job(response, id);
  else if (pathname === '/lines') lines(response);
  else if (pathname === '/events') events(response);
  else if (pathname === '/crash') crash();
  else setTimeout(() => response.end(id), Number(searchParams.get('delay')));
}

module.exports = { handle, LINES, LINE };
