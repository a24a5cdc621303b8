'use strict';

// SIGKILL of a worker: how long until as many listen as before.

const { setTimeout: sleep } = require('node:timers/promises');
const { table } = require('../../lib/document');
const { median } = require('../../lib/statistics');
const { kill } = require('../../lib/subject');
const { request } = require('../../http/load/request');
const { Release, withCluster } = require('../peers');

const WORKERS = 4;
const PATIENCE_MS = 20_000;
/** A worker that dies younger than `minUptime` counts as crashing. */
const AGE_MS = 1500;
const TARGET_MS = 10;

const native = (label, standby) => (app) => ({
  label,
  standby,
  script: 'cluster-native',
  config: { cluster: { exec: app, count: WORKERS, standby } },
});

const PEERS = [
  native('cluster-native, standby: 1', 1),
  native('cluster-native, standby: 0', 0),
  (app) => ({
    label: 'node:cluster, forked again on exit',
    standby: 0,
    script: '../../http/peers/node-cluster',
    config: { app, workers: WORKERS, balance: 'round-robin' },
  }),
];

async function must(subject, holds, what) {
  if (!(await subject.until(holds, PATIENCE_MS))) throw new Error(`${what}: not within ${PATIENCE_MS} ms`);
}

/** The one that has listened longest. */
async function victimOf(subject) {
  const [[pid, since]] = [...subject.workers].sort((a, b) => a[1] - b[1]);
  await sleep(Math.max(0, since + AGE_MS - Date.now()));
  return pid;
}

/** It isn't only said that it listens. */
async function mustServe(port, pid) {
  const end = Date.now() + PATIENCE_MS;
  while (Date.now() < end) {
    const { text } = await request(port, '/pid', { patience: PATIENCE_MS });
    if (Number(text) === pid) return;
  }
  throw new Error(`the new worker ${pid} serves nobody`);
}

/** Resolves with the ms from the kill to the new worker's `listening`. */
async function recover(subject, port, { standby }) {
  await must(subject, () => subject.standbys.size === standby, 'as many as asked for stand by');
  const victim = await victimOf(subject);
  const old = new Set(subject.workers.keys());
  const waiting = [...subject.standbys];
  const from = Date.now();
  kill(victim);
  await must(subject, () => !subject.workers.has(victim) && subject.workers.size === WORKERS, 'full capacity');
  const successor = [...subject.workers.keys()].find((pid) => !old.has(pid));
  if (standby > 0 && !waiting.includes(successor)) throw new Error('the successor is not the one that stood by');
  const duration = subject.workers.get(successor) - from;
  await mustServe(port, successor);
  return duration;
}

async function run({ rounds, progress }) {
  const release = new Release('frameworks');
  const rows = [];
  for (const peer of PEERS.map((make) => make(release.file))) {
    const durations = await withCluster(peer, async (subject, port) => {
      const all = [];
      for (let i = 0; i < rounds; i += 1) all.push(await recover(subject, port, peer));
      return all;
    });
    const values = { kills: durations.length, median: median(durations), longest: Math.max(...durations) };
    rows.push({ peer: peer.label, ...values });
    progress(peer.label, values);
  }
  return rows;
}

const section = (rows) =>
  table(
    ['', 'kills', 'median, ms', 'longest, ms'],
    rows.map(({ peer, kills, median: middle, longest }) => [peer, kills, middle, longest]),
  );

function targets([standby, without, node]) {
  return [
    {
      what: 'SIGKILL of a worker with `standby: 1` → full capacity',
      limit: `≤ ${TARGET_MS} ms (median), against ≥ the app's boot time without`,
      measured: `${standby.median} ms of ${standby.kills} kills; without ${without.median} ms, node:cluster ${node.median} ms`,
      isReached: standby.median <= TARGET_MS && without.median > standby.median,
    },
  ];
}

module.exports = {
  name: 'standby',
  title: `From SIGKILL of one of ${WORKERS} workers until ${WORKERS} listen again, without load`,
  note: 'In whole ms. The app loads Express, Fastify and Koa; each time the worker that has listened longest is killed.',
  run,
  section,
  targets,
};
