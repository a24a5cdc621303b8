'use strict';

const { ClusterError } = require('./lib/errors');

if (process.platform !== 'linux' && process.platform !== 'darwin') {
  throw new ClusterError(
    'ERR_PLATFORM_UNSUPPORTED',
    `@yunflyjs/cluster-native runs on Linux and macOS, not on ${process.platform}. On Windows run it in WSL.`,
  );
}

const { Cluster } = require('./lib/cluster/cluster');
const { request, onRequest } = require('./lib/messages/request-here');

// What the start of a cluster doesn't need is loaded later: meanwhile its processes boot.

function sendmessage(target, message) {
  require('./lib/messages/sendmessage').sendmessage(target, message);
}

function createCluster(config) {
  return new Cluster(config);
}

async function startCluster(config, onReady) {
  const cluster = createCluster(config);
  // Without a callback nobody would handle this promise's rejection; what start() gives is the caller's.
  if (onReady !== undefined) cluster.ready(onReady);
  return cluster.start();
}

module.exports = {
  startCluster,
  createCluster,
  request,
  onRequest,
  sendmessage,
  get messenger() {
    return require('./lib/messages/messenger-here').messenger;
  },
  Cluster,
  get ClusterWorker() {
    return require('./lib/cluster/worker').ClusterWorker;
  },
  get ClusterAlone() {
    return require('./lib/cluster/alone').ClusterAlone;
  },
  ClusterError,
};
