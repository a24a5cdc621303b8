'use strict';

// Rolling reloads of the same version, without a pause between them.

const { underLoad } = require('../load');
const { Release, withCluster } = require('../peers');
const { sum } = require('../../lib/statistics');
const { table } = require('../../lib/document');

const WORKERS = 4;
const CONNECTIONS = 32;

const KINDS = [
  { kind: 'keepalive', label: 'keep-alive', least: 1_000_000, pm2Least: 0 },
  { kind: 'short', label: 'short connections', least: 100_000, pm2Least: 0 },
];

const native = (app) => ({
  name: 'cluster-native',
  script: 'cluster-native',
  config: { cluster: { exec: app, count: WORKERS } },
});
const pm2 = (app) => ({ name: 'PM2', script: 'pm2', config: { app, workers: WORKERS } });
const gracefulPm2 = (app) => ({
  ...pm2(app),
  name: 'PM2, the app closes its server on SIGINT',
  env: { GRACEFUL_SIGINT: '1' },
});

/** Reloads until there were as many reloads and requests as are asked for; resolves with how many reloads. */
async function reloadUntil(subject, load, { reloads, requests }) {
  const before = new Set(subject.workers.keys());
  let done = 0;
  while (done < reloads || load.counts.requests < requests) {
    const report = await subject.order('reload');
    if (report && !report.ok) throw new Error(`a reload was given up: ${report.error}`);
    done += 1;
  }
  // Those that reload nothing would lose nothing.
  const stayed = [...subject.workers.keys()].filter((pid) => before.has(pid));
  if (stayed.length > 0) throw new Error(`${stayed.length} workers were never replaced`);
  return done;
}

async function measure(peer, kind, wanted) {
  return withCluster(peer, async (subject, port) => {
    const begin = performance.now();
    const counts = await underLoad(port, { [kind]: CONNECTIONS }, (load) => reloadUntil(subject, load, wanted));
    const { result: reloads, ...rest } = counts;
    return { ...rest, reloads, seconds: (performance.now() - begin) / 1000 };
  });
}

/** Resolves with `{ kind, peer, reloads, requests, failed, hung, … }` of each. */
async function run({ reloads, pm2Reloads, requests, progress }) {
  const release = new Release('server');
  const rows = [];
  for (const { kind, label, least } of KINDS) {
    const wanted = { reloads, requests: Math.min(requests, least) };
    for (const peer of [native, pm2, gracefulPm2].map((make) => make(release.file))) {
      const values = await measure(peer, kind, peer.script === 'pm2' ? { reloads: pm2Reloads, requests: 0 } : wanted);
      rows.push({ kind: label, peer: peer.name, ...values });
      progress(`${label}, ${peer.name}`, values);
    }
  }
  return rows;
}

const how = (kinds) =>
  Object.entries(kinds)
    .map(([kind, count]) => `${count} ${kind}`)
    .join(', ') || '–';

const section = (rows) =>
  table(
    ['', 'connections', 'reloads', 'requests', 'failed', 'how', 'hung', 'longest wait, ms', 'seconds'],
    rows.map(({ peer, kind, reloads, requests, failed, kinds, hung, longest, seconds }) => [
      peer,
      kind,
      reloads,
      requests,
      failed,
      how(kinds),
      hung,
      longest.toFixed(0),
      seconds.toFixed(0),
    ]),
    '--:::-:::'.split(''),
  );

function targets(rows) {
  return KINDS.map(({ label, least }) => {
    const own = rows.filter(({ peer, kind }) => peer === 'cluster-native' && kind === label);
    const [requests, reloads, failed, hung] = ['requests', 'reloads', 'failed', 'hung'].map((key) =>
      sum(own.map((row) => row[key])),
    );
    return {
      what: `rolling reloads of ${WORKERS} workers under load, ${label}`,
      limit: `≥ 25 reloads, ≥ ${least.toLocaleString('en')} requests: 0 failed, 0 hung`,
      measured: `${reloads} reloads, ${requests.toLocaleString('en')} requests: ${failed} failed, ${hung} hung`,
      isReached: reloads >= 25 && requests >= least && failed === 0 && hung === 0,
    };
  });
}

module.exports = { name: 'rolling', title: `Rolling reloads of ${WORKERS} workers under load`, run, section, targets };
