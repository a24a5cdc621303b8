'use strict';

// PM2's cluster mode as pm2-runtime runs it: PM2 stays in this process instead of starting its daemon.
// Its files are in PM2_HOME, from the environment.

process.env.PM2_DISCRETE_MODE = 'true';

const path = require('node:path');
const pm2 = require('pm2');
const { config, tellOfNodeCluster } = require('../../lib/tell');

function done(error) {
  if (!error) return;
  console.error(error);
  process.exit(1);
}

tellOfNodeCluster();
pm2.connect(true, (error) => {
  done(error);
  pm2.start(
    {
      name: 'benchmark',
      script: config.app ?? path.join(__dirname, '../app/server.js'),
      exec_mode: 'cluster',
      instances: config.workers,
      out_file: config.out ?? '/dev/null',
      error_file: '/dev/null',
    },
    done,
  );
});

module.exports = { pm2 };
