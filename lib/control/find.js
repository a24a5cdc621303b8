'use strict';

const { ClusterError } = require('../errors');
const { knownPaths, mayBeCalled, pidOf } = require('../native/control-path');
const { ControlClient, SilentError } = require('./client');

/** All clusters of this user that can be reached, by pid. */
async function listClusters() {
  return (await findClusters()).clients;
}

/** `silent`: those that are there, but do not answer: `{ pid, mayBeCalled(title) }`. `refused`: those that cut the connection. */
async function findClusters() {
  const paths = knownPaths();
  const found = await Promise.allSettled(paths.map((path) => ControlClient.at(path)));
  const clients = found.filter(({ status }) => status === 'fulfilled').map(({ value }) => value);
  const failed = paths.flatMap((path, i) => {
    const { reason: error } = found[i];
    const about = { pid: pidOf(path), error, mayBeCalled: (title) => mayBeCalled(path, title) };
    return error?.code === 'ERR_CONTROL_FAILED' ? [about] : [];
  });
  return {
    clients: clients.sort((one, other) => one.pid - other.pid || one.title.localeCompare(other.title)),
    silent: failed.filter(({ error }) => error instanceof SilentError),
    refused: failed.filter(({ error }) => !(error instanceof SilentError)),
  };
}

/** The one with this title or pid; without either the only one that there is. */
async function connectCluster(which) {
  if (which !== undefined && typeof which !== 'string' && !Number.isInteger(which)) {
    const remedy = 'Give the title of a cluster, or the pid of its app.';
    throw new ClusterError('ERR_CLUSTER_NOT_FOUND', `connectCluster(): '${String(which)}' is neither. ${remedy}`);
  }
  const { clients: all, silent } = await findClusters();
  const isIt = ({ title, pid }) => which === undefined || title === which || pid === Number(which);
  const found = all.filter(isIt);
  const unknown = silent.filter(({ pid, mayBeCalled: may }) => isIt({ pid }) || may(String(which)));
  if (unknown.length > 0) throw noAnswer(unknown[0].pid);
  if (found.length === 1) return found[0];
  const named = (clients) => clients.map(({ title, pid }) => `${title} (pid ${pid})`).join(', ');
  const what = which === undefined ? 'cluster of this user' : `cluster '${which}' of this user`;
  const why =
    found.length > 1
      ? `There is more than one ${what}: ${named(found)}. Give a pid.`
      : `There is no ${what}.${all.length > 0 ? ` There are: ${named(all)}.` : ''}`;
  throw new ClusterError('ERR_CLUSTER_NOT_FOUND', why);
}

/** It may be the one that is meant. */
function noAnswer(pid) {
  return new ClusterError('ERR_CONTROL_FAILED', `The cluster of pid ${pid} does not answer. Is it stopped (SIGSTOP)?`);
}

module.exports = { connectCluster, findClusters, listClusters, noAnswer };
