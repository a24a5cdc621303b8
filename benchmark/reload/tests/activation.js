'use strict';

// The app ends and is started again while somebody else holds its listening socket.

const { table } = require('../../lib/document');
const { underLoad } = require('../load');
const { Release, withCluster } = require('../peers');
const { median } = require('../../lib/statistics');

const WORKERS = 4;
const CONNECTIONS = { keepalive: 16, short: 16 };
const PATIENCE_MS = 30_000;
const RESTARTS = 20;
/** Between two restarts. */
const REQUESTS = 2000;

const app = (exec) => ({ script: 'activated', config: { cluster: { exec, count: WORKERS } } });

/** SIGTERM to the app; resolves with how long it took until a new one was ready, in ms. */
async function restart(subject) {
  const before = subject.readyAt;
  const old = [...subject.workers.keys()];
  const from = Date.now();
  process.kill(subject.appPid, 'SIGTERM');
  const isReady = () => subject.readyAt !== before && subject.workers.size === WORKERS;
  if (!(await subject.until(isReady, PATIENCE_MS))) throw new Error(`no new app within ${PATIENCE_MS} ms`);
  if (old.some((pid) => subject.workers.has(pid))) throw new Error('an old worker lives on');
  return subject.readyAt - from;
}

async function run({ rounds, progress }) {
  const release = new Release('server');
  const row = await withCluster(app(release.file), (subject, port) =>
    underLoad(port, CONNECTIONS, async (load) => {
      const durations = [];
      for (let i = 0; i < rounds; i += 1) {
        const least = load.counts.requests + REQUESTS;
        await load.until(({ requests }) => requests >= least);
        durations.push(await restart(subject));
      }
      return durations;
    }),
  );
  const { result, ...counts } = row;
  const values = { ...counts, restarts: result.length, duration: median(result) };
  progress('restarts of the app', values);
  return values;
}

const section = ({ restarts, duration, requests, failed, kinds, hung, longest }) =>
  table(
    [
      'restarts',
      'median ms until the new app is ready',
      'requests',
      'refused',
      'failed otherwise',
      'hung',
      'longest wait, ms',
    ],
    [
      [
        restarts,
        duration.toFixed(0),
        requests,
        kinds.refused ?? 0,
        failed - (kinds.refused ?? 0),
        hung,
        longest.toFixed(0),
      ],
    ],
    ':::::::'.split(''),
  );

function targets({ restarts, requests, failed, kinds, hung, longest }) {
  const refused = kinds.refused ?? 0;
  const counts = `${refused} refused, ${failed - refused} failed otherwise, ${hung} hung`;
  return [
    {
      what: 'restart of the app under socket activation, under load',
      limit: `${RESTARTS} restarts: 0 refused; what waits is answered`,
      measured: `${restarts} restarts, ${requests.toLocaleString('en')} requests: ${counts}; longest wait ${longest.toFixed(0)} ms`,
      isReached: restarts >= RESTARTS && failed === 0 && hung === 0,
    },
  ];
}

module.exports = { name: 'activation', title: 'Restarts of the app under socket activation', run, section, targets };
