'use strict';

// What the app itself does at its end. HANDLER tells which handler it has, if any.

const { setTimeout: sleep } = require('node:timers/promises');
const { note } = require('./notes');

const WORK_MS = 700;

const HANDLERS = {
  async awaits() {
    await sleep(WORK_MS);
    note('flushed');
    process.exit();
  },
  exits: () => process.exit(),
};

const handler = HANDLERS[process.env.HANDLER];
// PM2 sends SIGINT where the others send SIGTERM.
for (const signal of handler ? ['SIGTERM', 'SIGINT'] : []) {
  process.on(signal, () => {
    note(signal);
    handler();
  });
}
process.on('beforeExit', () => note('beforeExit'));
process.on('exit', () => note('exit'));
