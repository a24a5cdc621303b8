'use strict';

// cfork in the app process, graceful-process in each worker.

const path = require('node:path');
const { cfork } = require('cfork');
const { config, tellOfNodeCluster } = require('../../lib/tell');

tellOfNodeCluster();
cfork({ exec: path.join(__dirname, 'graceful-worker.js'), count: config.workers });
