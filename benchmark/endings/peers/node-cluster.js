'use strict';

// node:cluster as a plain primary has it: a worker that dies is forked again, and SIGTERM disconnects all.

const cluster = require('node:cluster');
const { config, tellOfNodeCluster } = require('../../lib/tell');

cluster.setupPrimary({ exec: config.app });
tellOfNodeCluster();
cluster.on('exit', ({ exitedAfterDisconnect }) => exitedAfterDisconnect || cluster.fork());
process.on('SIGTERM', () => cluster.disconnect());
for (let i = 0; i < config.workers; i += 1) cluster.fork();
