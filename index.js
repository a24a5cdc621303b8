'use strict';

const { ClusterError } = require('./lib/errors');

if (process.platform !== 'linux' && process.platform !== 'darwin') {
  throw new ClusterError(
    'ERR_PLATFORM_UNSUPPORTED',
    `@yunflyjs/cluster-native runs on Linux and macOS, not on ${process.platform}. On Windows run it in WSL.`,
  );
}

const { Cluster } = require('./lib/cluster');
const { ClusterWorker } = require('./lib/worker');
const { ClusterAlone } = require('./lib/alone');
const { request, onRequest } = require('./lib/request-here');
/** Loaded when it is used: an app that starts a cluster has its workers to wait for. */
function sendmessage(target, message) {
  require('./lib/sendmessage').sendmessage(target, message);
}

function createCluster(config) {
  return new Cluster(config);
}

async function startCluster(config, onReady) {
  const cluster = createCluster(config);
  cluster.ready(onReady);
  return cluster.start();
}

module.exports = { startCluster, createCluster, request, onRequest, sendmessage, Cluster, ClusterWorker, ClusterAlone, ClusterError };
