'use strict';

// A reload to a version that is broken.

const { setTimeout: sleep } = require('node:timers/promises');
const { table } = require('../../lib/document');
const { underLoad } = require('../load');
const { Release, withCluster } = require('../peers');

const WORKERS = 4;
const CONNECTIONS = { keepalive: 8, short: 8 };
const START_TIMEOUT_MS = 4000;
/** What a broken version does to the cluster may come after the answer to the reload. */
const AFTERWARDS_MS = 3000;

/** `cause`: what the report must say. */
const VERSIONS = [
  { version: 'throws', label: 'throws at load', cause: /version 2 throws at load/ },
  { version: 'never-listens', label: 'never listens', cause: /startTimeout/ },
  { version: 'dies-later', label: 'throws 500 ms after it listens', cause: /version 2 dies 500 ms after it listens/ },
];

const native = (app) => ({
  name: 'cluster-native',
  script: 'cluster-native',
  config: { cluster: { exec: app, count: WORKERS, startTimeout: START_TIMEOUT_MS } },
});
const pm2 = (app) => ({ name: 'PM2', script: 'pm2', config: { app, workers: WORKERS } });

/** What the reload said: PM2 rejects, or says nothing. */
async function reload(subject) {
  try {
    const report = await subject.order('reload');
    if (!report) return { isGivenUp: false, said: 'nothing' };
    return { isGivenUp: !report.ok, said: [report.error, report.cause].filter(Boolean).join(' / ') };
  } catch (err) {
    return { isGivenUp: true, said: err.message };
  }
}

async function measure(make, version) {
  const release = new Release('server');
  return withCluster(make(release.file), async (subject, port) => {
    const old = [...subject.workers.keys()];
    const { result, ...counts } = await underLoad(port, CONNECTIONS, async () => {
      release.deploy(version);
      const answer = await reload(subject);
      await sleep(AFTERWARDS_MS);
      return { ...answer, kept: old.filter((pid) => subject.workers.has(pid)).length };
    });
    return { ...counts, ...result };
  });
}

async function run({ progress }) {
  const rows = [];
  for (const { version, label } of VERSIONS) {
    for (const make of version === 'throws' ? [native, pm2] : [native]) {
      const peer = make('').name;
      const values = await measure(make, version);
      rows.push({ version, label, peer, ...values });
      progress(`${label}, ${peer}`, values);
    }
  }
  return rows;
}

const oneLine = (text) => text.replace(/\s+/g, ' ').replaceAll('|', '\\|');

const section = (rows) =>
  table(
    [
      '',
      'new version',
      `old workers that are left, of ${WORKERS}`,
      'requests',
      'failed',
      'hung',
      'what the reload said',
    ],
    rows.map(({ peer, label, kept, requests, failed, hung, said }) => [
      peer,
      label,
      kept,
      requests,
      failed,
      hung,
      oneLine(said),
    ]),
    '--::::-'.split(''),
  );

function targets(rows) {
  return VERSIONS.map(({ version, label, cause }) => {
    const row = rows.find((each) => each.peer === 'cluster-native' && each.version === version);
    const isNamed = row.isGivenUp && cause.test(row.said);
    return {
      what: `new version that ${label}`,
      limit: 'old workers keep serving, 0 failed, report names the cause',
      measured:
        `${row.kept} of ${WORKERS} old workers, ${row.failed} failed, ${row.hung} hung of ${row.requests.toLocaleString('en')}, ` +
        `cause ${isNamed ? 'named' : 'not named'}`,
      isReached: row.kept === WORKERS && row.requests > 0 && row.failed === 0 && row.hung === 0 && isNamed,
    };
  });
}

module.exports = { name: 'broken', title: 'A reload to a broken version, under load', run, section, targets };
