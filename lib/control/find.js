'use strict';

const { ClusterError } = require('../errors');
const { knownPaths, pidOf } = require('../native/control-path');
const { ControlClient } = require('./client');

/** All clusters of this user that can be reached, by pid. */
async function listClusters() {
  return (await findClusters()).clients;
}

/** `silent`: the pids of those that are there, but do not answer. */
async function findClusters() {
  const paths = knownPaths();
  const found = await Promise.allSettled(paths.map((path) => ControlClient.at(path)));
  const clients = found.filter(({ status }) => status === 'fulfilled').map(({ value }) => value);
  const isSilent = (_path, i) => found[i].reason?.code === 'ERR_CONTROL_FAILED';
  return {
    clients: clients.sort((one, other) => one.pid - other.pid || one.title.localeCompare(other.title)),
    silent: paths.filter(isSilent).map(pidOf),
  };
}

/** The one with this title or pid; without either the only one that there is. */
async function connectCluster(which) {
  if (which !== undefined && typeof which !== 'string' && !Number.isInteger(which)) {
    const remedy = 'Give the title of a cluster, or the pid of its app.';
    throw new ClusterError('ERR_CLUSTER_NOT_FOUND', `connectCluster(): '${String(which)}' is neither. ${remedy}`);
  }
  const all = await listClusters();
  const isIt = ({ title, pid }) => which === undefined || title === which || pid === Number(which);
  const found = all.filter(isIt);
  if (found.length === 1) return found[0];
  const named = (clients) => clients.map(({ title, pid }) => `${title} (pid ${pid})`).join(', ');
  const what = which === undefined ? 'cluster of this user' : `cluster '${which}' of this user`;
  const why =
    found.length > 1
      ? `There is more than one ${what}: ${named(found)}. Give a pid.`
      : `There is no ${what}.${all.length > 0 ? ` There are: ${named(all)}.` : ''}`;
  throw new ClusterError('ERR_CLUSTER_NOT_FOUND', why);
}

module.exports = { connectCluster, findClusters, listClusters };
