'use strict';

// Orders from the benchmark, a line of JSON each, and their answers:
//   {"id":1,"order":"scale","argument":5}   →   {"name":"answer","id":1,"value":…} or {"name":"answer","id":1,"error":"…"}

const readline = require('node:readline');
const { write } = require('./tell');

/** `handlers`: by order, what does it; it may return a promise. */
function obey(handlers) {
  readline.createInterface({ input: process.stdin }).on('line', async (line) => {
    const { id, order, argument } = JSON.parse(line);
    const answer = (result) => write({ name: 'answer', id, ...result });
    try {
      answer({ value: (await handlers[order](argument)) ?? null });
    } catch (err) {
      answer({ error: err.message ?? String(err) });
    }
  });
}

module.exports = { obey };
