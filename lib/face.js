'use strict';

// What the package exports. index.js gives it, of the bundle where there is one.

const { ClusterError } = require('./errors');

if (process.platform !== 'linux' && process.platform !== 'darwin') {
  throw new ClusterError(
    'ERR_PLATFORM_UNSUPPORTED',
    `@yunflyjs/cluster-native runs on Linux and macOS, not on ${process.platform}. On Windows run it in WSL.`,
  );
}

const { request, job, onRequest } = require('./messages/request-here');
const { subscribe, once, unsubscribe, publish } = require('./messages/topic-here');

// The addon, or the error that says what to do without it. Children load this package for request() and sendmessage() only.
if (!process[Symbol.for('yunfly.cluster.role')]) require('./native/addon');

// What the start of a cluster doesn't need is loaded later: meanwhile its processes boot.

function sendmessage(target, message) {
  return require('./messages/sendmessage').sendmessage(target, message);
}

function fence() {
  return require('./messages/here').find('fence');
}

function createCluster(config) {
  const { Cluster } = require('./cluster/cluster');
  return new Cluster(config);
}

async function startCluster(config, onReady) {
  const cluster = createCluster(config);
  // Without a callback nobody would handle this promise's rejection; what start() gives is the caller's.
  if (onReady !== undefined) cluster.ready(onReady);
  return cluster.start();
}

async function connectCluster(which) {
  return require('./control/find').connectCluster(which);
}

async function listClusters() {
  return require('./control/find').listClusters();
}

/**
 * The package can stand for yunfly's own cluster package: what that exports as its default is what is exported here altogether, with
 * the rest as its properties (docs/adr/064). So it is found by `require(…).default`, and by the default imports of ES modules and of
 * TypeScript, which take the whole where there is no `__esModule`.
 */
function yunfly(options, callback) {
  return require('./yunfly').startYunfly(options, callback);
}

function getYunflyClient() {
  return require('./yunfly/client').getClient();
}

const face = {
  startCluster,
  createCluster,
  connectCluster,
  listClusters,
  request,
  job,
  onRequest,
  subscribe,
  once,
  unsubscribe,
  publish,
  sendmessage,
  fence,
  get messenger() {
    return require('./messages/messenger-here').messenger;
  },
  get Cluster() {
    return require('./cluster/cluster').Cluster;
  },
  get ClusterWorker() {
    return require('./cluster/worker').ClusterWorker;
  },
  get ClusterAlone() {
    return require('./cluster/alone').ClusterAlone;
  },
  ClusterError,
  getAloneClient: getYunflyClient,
  getWorkerClient: getYunflyClient,
};

module.exports = Object.defineProperties(yunfly, {
  ...Object.getOwnPropertyDescriptors(face),
  default: { value: yunfly },
});
