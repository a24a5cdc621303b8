'use strict';

const { stopAll } = require('./cluster');
const { removeAll } = require('./files');
const { closeAll } = require('./scope');

/** The end of a test: every app ends, none leaves a process, and what else there is goes too. */
async function endAll() {
  try {
    await stopAll();
  } finally {
    closeAll();
    removeAll();
  }
}

module.exports = { endAll };
