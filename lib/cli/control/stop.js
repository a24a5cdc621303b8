'use strict';

const fs = require('fs');
const { setTimeout: sleep } = require('timers/promises');
const { ClusterError } = require('../../errors');
const { now } = require('../../real-timers');
const { duration } = require('../text');

/** Nothing tells another process of the end of one that is not its child. */
const LOOK_EACH_MS = 50;

/** Stops it, and waits so long for the end of its app's process. */
async function stop(cluster, timeout) {
  const { pid, title } = cluster;
  const begin = now();
  await cluster.stop();
  while (isRunning(pid)) {
    if (now() - begin >= timeout) throw new ClusterError('ERR_CONTROL_FAILED', await stillThere(cluster, timeout));
    await sleep(LOOK_EACH_MS);
  }
  return { lines: [`${title} (pid ${pid}) has ended`], json: { title, pid, after: Math.round(now() - begin) } };
}

async function stillThere(cluster, timeout) {
  const isThere = await cluster.stats().then(
    () => true,
    () => false,
  );
  const who = `The app (pid ${cluster.pid})`;
  if (!isThere) return `The cluster has stopped, but ${who[0].toLowerCase()}${who.slice(1)} runs on: end it by kill.`;
  const remedy = `stop it again to kill what is left at once: cluster-native stop --pid ${cluster.pid}`;
  return `${who} is still stopping after ${duration(timeout)}. Wait longer (--timeout), or ${remedy}`;
}

/** Not a zombie, which only its parent has not noticed yet. */
function isRunning(pid) {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  if (process.platform !== 'linux') return true;
  try {
    // After the name, which may hold anything: the state (proc_pid_stat(5)).
    return fs.readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)[0] !== 'Z';
  } catch {
    return false;
  }
}

module.exports = { stop };
