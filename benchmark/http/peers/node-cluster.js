'use strict';

// node:cluster as its documentation shows it: a worker that exits is forked again.

const cluster = require('node:cluster');
const path = require('node:path');
const { config, tellOfNodeCluster } = require('../../lib/tell');

cluster.schedulingPolicy = config.balance === 'round-robin' ? cluster.SCHED_RR : cluster.SCHED_NONE;
cluster.setupPrimary({ exec: config.app ?? path.join(__dirname, '../app/server.js') });
tellOfNodeCluster();
cluster.on('exit', () => cluster.fork());
for (let i = 0; i < config.workers; i += 1) cluster.fork();
