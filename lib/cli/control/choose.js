'use strict';

const { findClusters, noAnswer } = require('../../control/find');
const { ClusterError } = require('../../errors');
const { UsageError } = require('../options');

const named = (clusters) => clusters.map(({ title, pid }) => `--pid ${pid} (${title})`).join(', ');

/** The cluster that a command is about: the one of this title and pid, or the only one. */
async function choose({ title, pid }) {
  const { clients: all, silent, refused } = await findClusters();
  const found = all.filter((each) => (title ?? each.title) === each.title && (pid ?? each.pid) === each.pid);
  // One of these may be meant.
  const unknown = silent.filter(
    (each) => (title === undefined || each.mayBeCalled(title)) && (pid ?? each.pid) === each.pid,
  );
  const several = [...found, ...unknown.map((each) => ({ pid: each.pid, title: 'does not answer' }))];
  if (several.length > 1) throw new UsageError(`There are several clusters. Choose one: ${named(several)}.`);
  if (unknown.length === 1) throw noAnswer(unknown[0].pid);
  if (found.length === 1) return found[0];
  const refusal = refused.find((each) => each.pid === pid);
  if (refusal) throw refusal.error;
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
