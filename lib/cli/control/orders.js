'use strict';

// What a cluster is told, and how it went: `{ lines, json, failed? }`.

const { reloaded } = require('../lines');
const { duration } = require('../text');

/** Of a cluster that is well nothing more is asked: after stats() its processes would measure themselves for minutes. */
async function health(cluster) {
  if (await cluster.isReady()) return { lines: ['ready'], json: { ready: true, state: 'running' } };
  const { state, workers } = await cluster.stats();
  const line = `not ready: ${state}, ${workers.listening} workers listen`;
  return { lines: [line], json: { ready: false, state }, failed: true };
}

async function reload(cluster, { env, exec, target }) {
  const report = await cluster.reload({ ...(env && { env }), ...(exec && { exec }), ...(target && { target }) });
  const { error } = report;
  const json = error ? { ...report, error: { code: error.code, message: error.message } } : report;
  return { lines: [reloaded(report)], json, failed: !report.ok };
}

async function scale(cluster, { operand: count }) {
  await cluster.scale(count);
  return { lines: [count === 1 ? '1 worker is ready' : `${count} workers are ready`], json: { count } };
}

async function restart(cluster, { operand: slot }) {
  const report = await cluster.restart(slot);
  const line = `worker ${slot} restarted in ${duration(report.after)}: ${report.oldPid} → ${report.newPid}`;
  return { lines: [line], json: report };
}

async function kill(cluster, { operand: slot }) {
  const pid = await cluster.kill(slot);
  return { lines: [`worker ${slot} (pid ${pid}) was killed`], json: { slot, pid } };
}

module.exports = { health, reload, scale, restart, kill };
