'use strict';

const path = require('node:path');

module.exports = {
  keys: 'benchmark',
  logger: { dir: path.join(process.env.EGG_HOME, 'logs') },
  rundir: path.join(process.env.EGG_HOME, 'run'),
  cluster: { listen: { hostname: '127.0.0.1' } },
};
