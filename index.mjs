// The ES module face of index.js: the same objects.

import cluster from './index.js';

export const { startCluster, createCluster, connectCluster, listClusters, sendmessage, messenger } = cluster;
export const { request, job, onRequest } = cluster;
export const { subscribe, once, unsubscribe, publish } = cluster;
export const { fence, Cluster, ClusterWorker, ClusterAlone, ClusterError } = cluster;
export const { getAloneClient, getWorkerClient } = cluster;
export default cluster;
