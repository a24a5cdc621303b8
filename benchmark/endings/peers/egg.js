'use strict';

// egg as egg-scripts starts it. Its workers write their files into EGG_HOME.

const path = require('node:path');
const { startCluster } = require('egg');
const { config, tellOfNodeCluster } = require('../../lib/tell');

tellOfNodeCluster();
startCluster({
  framework: path.dirname(require.resolve('egg/package.json')),
  baseDir: path.join(__dirname, '../app/egg'),
  workers: config.workers,
  port: Number(process.env.PORT),
  env: 'prod',
  title: 'benchmark',
});
