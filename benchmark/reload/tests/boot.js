'use strict';

// From a worker's fork to its `listening`, with and without V8's compile cache.

const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { table } = require('../../lib/document');
const { home } = require('../../lib/home');
const { median } = require('../../lib/statistics');
const { isSupported } = require('../../../lib/config/compile-cache');
const { Release, withCluster } = require('../peers');

const versionOf = (node) => execFileSync(node, ['-p', 'process.versions.node'], { encoding: 'utf8' }).trim();

const peer = (app, node, compileCache) => ({
  script: 'cluster-native',
  // Nothing is to be proven here.
  config: { cluster: { exec: app, count: 1, minUptime: 0, compileCache } },
  env: { NODE_COMPILE_CACHE: undefined, NODE_DISABLE_COMPILE_CACHE: undefined },
  node,
});

/** Replaces the worker; resolves with the boot time of the new one. */
async function boot(subject) {
  const { ok, error, replaced } = await subject.order('reload');
  if (!ok) throw new Error(error);
  const [{ newPid }] = replaced;
  return subject.workers.get(newPid) - subject.forked.get(newPid);
}

/** Resolves with null where the Node version has no such cache. */
async function run({ rounds, node, progress }) {
  const version = versionOf(node);
  if (!isSupported(version)) return null;
  const { file } = new Release('frameworks');
  const folder = path.join(home(), 'compile-cache');
  const durations = { with: [], without: [] };
  await withCluster(peer(file, node, false), (without) =>
    withCluster(peer(file, node, folder), async (cached) => {
      // What the first workers compiled is written when they end.
      await boot(cached);
      await boot(without);
      for (let i = 0; i < rounds; i += 1) {
        durations.without.push(await boot(without));
        durations.with.push(await boot(cached));
      }
    }),
  );
  const files = fs.readdirSync(folder, { recursive: true }).length;
  const values = { version, rounds, files, with: median(durations.with), without: median(durations.without) };
  progress('boot', values);
  return values;
}

function section(values) {
  if (!values) return 'Not measured: it needs Node 22.1 or later (`--node <path>`).';
  const rows = [
    ['without', values.without],
    ['with compile cache', values.with],
  ];
  return table(
    [`Node ${values.version}, an app that loads Express, Fastify and Koa`, `median ms of ${values.rounds} boots`],
    rows,
  );
}

const targets = (values) => [
  {
    what: 'boot of a worker with V8 compile cache',
    limit: 'measured',
    measured: values ? `${values.with} ms instead of ${values.without} ms (Node ${values.version})` : null,
    isReached: values !== null && values.files > 0,
  },
];

module.exports = { name: 'boot', title: 'Boot time of a worker with and without compile cache', run, section, targets };
