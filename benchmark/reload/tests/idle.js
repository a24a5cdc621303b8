'use strict';

// Rolling reloads while many keep-alive connections are open, of which most are idle.

const { underLoad } = require('../load');
const { Release, withCluster } = require('../peers');
const { residentSet } = require('../../lib/proc');
const { median } = require('../../lib/statistics');
const { table } = require('../../lib/document');

const WORKERS = 4;
const CONNECTIONS = 10_000;
/** Of the reloads that are asked for: each has to come to all connections. */
const PART = 5;

const MIB = 1024;

const native = (app) => ({
  name: 'cluster-native',
  script: 'cluster-native',
  config: { cluster: { exec: app, count: WORKERS } },
});
const gracefulPm2 = (app) => ({
  name: 'PM2, the app closes its server on SIGINT',
  script: 'pm2',
  config: { app, workers: WORKERS },
  env: { GRACEFUL_SIGINT: '1' },
});

async function measure(peer, reloads) {
  return withCluster(peer, async (subject, port) => {
    const counts = await underLoad(port, { idle: CONNECTIONS }, async (load) => {
      await load.until(({ requests }) => requests >= CONNECTIONS);
      const times = [];
      while (times.length < reloads) {
        const begin = performance.now();
        const report = await subject.order('reload');
        if (report && !report.ok) throw new Error(`a reload was given up: ${report.error}`);
        times.push((performance.now() - begin) / 1000);
      }
      return { reloads, seconds: median(times), memory: residentSet(subject.pid) / MIB };
    });
    const { result, ...rest } = counts;
    return { ...rest, ...result };
  });
}

/** Resolves with `{ peer, reloads, requests, failed, hung, … }` of each. */
async function run({ reloads, pm2Reloads, progress }) {
  const release = new Release('server');
  const rows = [];
  for (const make of [native, gracefulPm2]) {
    const peer = make(release.file);
    const count = Math.ceil((peer.script === 'pm2' ? pm2Reloads : reloads) / PART);
    const values = await measure(peer, count);
    rows.push({ peer: peer.name, ...values });
    progress(`idle, ${peer.name}`, values);
  }
  return rows;
}

const how = (kinds) => Object.entries(kinds).map(([kind, count]) => `${count} ${kind}`);

const section = (rows) =>
  table(
    [
      '',
      'reloads',
      'seconds of each',
      'requests',
      'failed',
      'how',
      'hung',
      'longest wait, ms',
      'resident set of the app',
    ],
    rows.map(({ peer, reloads, seconds, requests, failed, kinds, hung, longest, memory }) => [
      peer,
      reloads,
      seconds.toFixed(1),
      requests,
      failed,
      how(kinds).join(', ') || '–',
      hung,
      longest.toFixed(0),
      `${memory.toFixed(0)} MB`,
    ]),
    '-::::-:::'.split(''),
  );

function targets(rows) {
  const { reloads, requests, failed, hung } = rows.find(({ peer }) => peer === 'cluster-native');
  return [
    {
      what: `reloads of ${WORKERS} workers that hold ${CONNECTIONS.toLocaleString('en')} keep-alive connections`,
      limit: '≥ 5 reloads: 0 failed, 0 hung',
      measured: `${reloads} reloads, ${requests.toLocaleString('en')} requests: ${failed} failed, ${hung} hung`,
      isReached: reloads >= 5 && failed === 0 && hung === 0,
    },
  ];
}

module.exports = {
  name: 'idle',
  title: `Rolling reloads of ${WORKERS} workers that hold ${CONNECTIONS.toLocaleString('en')} keep-alive connections`,
  note: 'Each connection asks, pauses for up to 10 s, and asks again; one that was closed meanwhile is opened anew. What was sent on one that the server closed at that moment counts as failed, though a client may send it again (RFC 9112, 9.3.1).',
  run,
  section,
  targets,
};
