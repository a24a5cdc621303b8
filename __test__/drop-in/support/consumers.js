'use strict';
// npm packages that are written for the primary of Node's own `cluster`, as their users run them.

const { execFileSync } = require('node:child_process');
const path = require('node:path');
const { request } = require('../../e2e/support/client');
const { launch, fixture, runtime } = require('../../e2e/support/cluster');
const { Load } = require('../../e2e/support/load');
const { root } = require('../../e2e/support/project');
const { until } = require('../../e2e/support/until');

/** A worker of Node's that dies with a connection it was sent leaves the client without an answer, for ever. */
const PATIENCE_MS = 20_000;

const REGISTER = path.join(root, 'register.js');

/** The same code runs by Node alone, which says what is right, and with the native master under its `cluster`. */
const WAYS = { 'Node itself': [], register: ['--require', REGISTER] };

const major = Number(execFileSync(runtime, ['-p', 'process.versions.node.split(".")[0]'], { encoding: 'utf8' }));

/** Since Node 26 close() of an http server cuts connections whose first request has not come yet: under Node's primary as well. */
const CLOSE_CUTS = major >= 26;

/** What a worker that is asked to disconnect needs there to lose none of those. */
const LOSSLESS = CLOSE_CUTS ? { YUNFLY_DRAIN: '1' } : {};

/** Runs fixtures/drop-in/consumers/<name>.js, which gets `given` as JSON. */
function startConsumer(way, name, given = {}, options = {}) {
  const script = fixture(`drop-in/consumers/${name}.js`);
  return launch({}, { commandLine: [runtime, ...WAYS[way], script, JSON.stringify(given)], ...options });
}

const pidsOf = (reports) => reports.map(({ pid }) => pid).sort();

/** Asks until `count` processes have answered, or more; resolves with their pids. */
async function answering(port, count, path = '/') {
  const pids = new Set();
  await until(async () => pids.add((await request(port, path)).body.pid).size >= count);
  return [...pids].sort();
}

/** Requests while `change(load)` goes on; resolves with what failed of them: nothing with register. Node itself loses some now
 *  and then, which is only said. */
async function lostMeanwhile(way, port, change) {
  const load = new Load(port, { patience: PATIENCE_MS });
  await load.answered(50);
  await change(load);
  await load.answered(50);
  const results = await load.stop();
  const failed = results.filter(({ status }) => status !== 200).map(({ error, status }) => error?.code ?? status);
  if (way === 'register') return failed;
  process.stderr.write(`Node itself: ${failed.length} of ${results.length} requests failed\n`);
  return [];
}

module.exports = { CLOSE_CUTS, LOSSLESS, REGISTER, WAYS, answering, lostMeanwhile, pidsOf, startConsumer };
