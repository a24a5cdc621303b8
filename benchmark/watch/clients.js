'use strict';

const http = require('node:http');
const { setTimeout: pause } = require('node:timers/promises');

const PAUSE_MS = 2;
const STEADY_MS = 20;

/** The answer's text, on a connection of its own; rejects when it is refused or cut. */
function ask(port) {
  return new Promise((resolve, reject) => {
    const outgoing = http.get({ port, host: '127.0.0.1', agent: false }, (incoming) => {
      let text = '';
      incoming.setEncoding('utf8');
      incoming.on('data', (part) => (text += part));
      incoming.on('error', reject);
      incoming.on('end', () => resolve(text));
    });
    outgoing.on('error', reject);
  });
}

/** Asks again and again, one request at a time; resolves with performance.now() of the first answer `expected`. */
async function answered(port, expected, signal) {
  for (;;) {
    const text = await ask(port).catch(() => '');
    if (text === expected) return performance.now();
    signal.throwIfAborted();
    await pause(PAUSE_MS);
  }
}

/** A request each 20 ms, whether or not the ones before were answered, until stop(), which resolves with { asked, lost }. */
function steadyLoad(port) {
  const asked = [];
  const timer = setInterval(
    () =>
      asked.push(
        ask(port).then(
          () => true,
          () => false,
        ),
      ),
    STEADY_MS,
  );
  return {
    async stop() {
      clearInterval(timer);
      const answers = await Promise.all(asked);
      return { asked: answers.length, lost: answers.filter((isAnswered) => !isAnswered).length };
    },
  };
}

module.exports = { answered, steadyLoad, STEADY_MS };
