'use strict';

const { findClusters } = require('../../control/find');
const { ClusterError } = require('../../errors');
const { UsageError } = require('../options');

const named = (clusters) => clusters.map(({ title, pid }) => `--pid ${pid} (${title})`).join(', ');

/** The cluster that a command is about: the one of this title and pid, or the only one. */
async function choose({ title, pid }) {
  const { clients: all, silent } = await findClusters();
  if (pid !== undefined && silent.includes(pid)) {
    throw new ClusterError('ERR_CONTROL_FAILED', `The cluster of pid ${pid} does not answer. Is it stopped (SIGSTOP)?`);
  }
  const found = all.filter((each) => (title ?? each.title) === each.title && (pid ?? each.pid) === each.pid);
  if (found.length === 1) return found[0];
  if (found.length > 1) throw new UsageError(`There are several clusters. Choose one: ${named(found)}.`);
  throw new ClusterError('ERR_CLUSTER_NOT_FOUND', notFound(all, { title, pid }));
}

function notFound(all, { title, pid }) {
  const wanted = [title !== undefined && `with the title '${title}'`, pid !== undefined && `with the pid ${pid}`];
  const what = ['No cluster of this user', ...wanted.filter(Boolean), 'runs here'].join(' ');
  if (all.length > 0) return `${what}. There are: ${named(all)}.`;
  const reasons = [
    'a cluster of another user (as root: --user <name>)',
    'one in another container',
    'one with `control: false`',
  ];
  return `${what}. Not found are: ${reasons.join(', ')}.`;
}

module.exports = { choose };
