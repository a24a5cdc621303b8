'use strict';

const http = require('node:http');

/** Asks once, on a connection of its own. Resolves with `{ outcome, took (ms) }`: 'answered', an error's code, or 'waits' when
 *  `patience` ms were over. */
function ask(port, path, patience) {
  const from = performance.now();
  return new Promise((resolve) => {
    const end = (outcome) => {
      clearTimeout(timer);
      resolve({ outcome, took: performance.now() - from });
      outgoing.destroy();
    };
    const fail = ({ code, message }) => end(code ?? message);
    const timer = setTimeout(end, patience, 'waits');
    const outgoing = http.get({ host: '127.0.0.1', port, path, agent: false }, (incoming) => {
      incoming.on('error', fail);
      incoming.on('end', () => end(incoming.statusCode === 200 ? 'answered' : `status ${incoming.statusCode}`));
      incoming.resume();
    });
    outgoing.on('error', fail);
  });
}

module.exports = { ask };
