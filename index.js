'use strict';

const { ClusterError } = require('./lib/errors');

if (process.platform !== 'linux' && process.platform !== 'darwin') {
  throw new ClusterError(
    'ERR_PLATFORM_UNSUPPORTED',
    `@yunflyjs/cluster-native runs on Linux and macOS, not on ${process.platform}. On Windows run it in WSL.`,
  );
}

const { Cluster } = require('./lib/cluster/cluster');
const { find } = require('./lib/messages/here');
const { request, onRequest } = require('./lib/messages/request-here');
const { subscribe, once, unsubscribe, publish } = require('./lib/messages/topic-here');

// What the start of a cluster doesn't need is loaded later: meanwhile its processes boot.

function sendmessage(target, message) {
  require('./lib/messages/sendmessage').sendmessage(target, message);
}

function fence() {
  return find('fence');
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

async function connectCluster(which) {
  return require('./lib/control/find').connectCluster(which);
}

async function listClusters() {
  return require('./lib/control/find').listClusters();
}

/**
 * The package can stand for yunfly's own cluster package: what that exports as its default is what is exported here altogether, with
 * the rest as its properties (docs/adr/064). So it is found by `require(…).default`, and by the default imports of ES modules and of
 * TypeScript, which take the whole where there is no `__esModule`.
 */
function yunfly(options, callback) {
  return require('./lib/yunfly').startYunfly(options, callback);
}

function getYunflyClient() {
  return require('./lib/yunfly/client').getClient();
}

const face = {
  startCluster,
  createCluster,
  connectCluster,
  listClusters,
  request,
  onRequest,
  subscribe,
  once,
  unsubscribe,
  publish,
  sendmessage,
  fence,
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
  getAloneClient: getYunflyClient,
  getWorkerClient: getYunflyClient,
};

module.exports = Object.defineProperties(yunfly, {
  ...Object.getOwnPropertyDescriptors(face),
  default: { value: yunfly },
});
