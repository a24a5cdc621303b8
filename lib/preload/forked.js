'use strict';

// A worker that the app forks itself, by Node's `cluster.fork()`: the master balances by what it tells of its servers. How it lives and
// ends is Node's matter.

const { onCommand, onRefused } = require('./channel');
const loads = require('./loads');
const servers = require('./servers');

function start({ serialization, hangTimeout }) {
  if (serialization === 'advanced') require('./serialization').start({});
  servers.trackServers('production');
  loads.start('production');
  onCommand({ refused: onRefused });
  if (hangTimeout) require('./beat').start(hangTimeout);
}

module.exports = { start };
