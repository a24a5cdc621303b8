'use strict';

// One request on one new connection, as the tests at low rates use it.

const http = require('node:http');

/**
 * Resolves, never rejects, with `{ outcome, text }`; outcome: 'succeeded', 'lost' (an error, or a wrong answer), 'hung' (no
 * end within `patience` ms).
 */
function request(port, url, { patience }) {
  return new Promise((resolve) => {
    let text = '';
    const end = (outcome) => {
      clearTimeout(timer);
      outgoing.destroy();
      resolve({ outcome, text });
    };
    const timer = setTimeout(() => end('hung'), patience);
    const outgoing = http.get({ host: '127.0.0.1', port, path: url, agent: false }, (incoming) => {
      incoming.setEncoding('utf8').on('data', (part) => (text += part));
      incoming.on('error', () => end('lost'));
      incoming.on('end', () => end(incoming.statusCode === 200 ? 'succeeded' : 'lost'));
    });
    outgoing.on('error', () => end('lost'));
  });
}

/** How many of the results ended in which way. */
function outcomes(results) {
  const count = (outcome) => results.filter((result) => result.outcome === outcome).length;
  return { succeeded: count('succeeded'), lost: count('lost'), hung: count('hung') };
}

module.exports = { request, outcomes };
