'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { folder } = require('./files');

/** A worker that loaded fixtures/stall.js stands still from now on, until the function that this resolves with is called. */
async function stall(app, worker) {
  const until = path.join(folder(), 'release');
  await app.call('sendmessage', { to: 'worker', worker_pid: worker.pid, action: 'stall', until });
  await app.report('stalled', ({ pid }) => pid === worker.pid);
  return () => fs.writeFileSync(until, '');
}

module.exports = { stall };
