'use strict';

const { startCluster } = require('../..');

startCluster({ mode: 'development', exec: 'src/app.js', alone: false, ...JSON.parse(process.argv[2]) }).catch((err) => {
  console.error(err);
  process.exit(1);
});
