'use strict';

const cluster = require('node:cluster');
const throng = require('throng');

if (cluster.isPrimary) {
  const { config, tellOfNodeCluster } = require('../../lib/tell');
  tellOfNodeCluster();
  throng({ count: config.workers, worker: () => {} });
} else {
  throng({ worker: () => require('../app/server') });
}
