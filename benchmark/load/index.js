'use strict';

// `npm run bench:load`: what a start costs. The package as it is installed, with its bundles (docs/adr/075) and without them, and
// node:cluster, one after the other in each round, in another order each time. What is told is the median, and where it lies with 95 %
// confidence. `--rounds N`, `--node <path>`. The table goes to stdout; of 20 rounds or more into docs/benchmarks.md, too.

const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { parseArgs } = require('node:util');
const { table, writeSection } = require('../lib/document');
const { home } = require('../lib/home');
const { machine } = require('../lib/machine');
const { median, medianInterval } = require('../lib/statistics');
const { pack } = require('../../scripts/pack/tarballs');
const { freePort } = require('../../__test__/e2e/support/free-port');

const DOCUMENT = path.join(__dirname, '../../docs/benchmarks.md');
const PICOCOLORS = path.join(__dirname, '../../node_modules/picocolors');
const LEAST_ROUNDS = 20;
/** For V8's compile cache, and the system's. */
const WARM_UPS = 2;
const TARGET_LOAD_MS = 5;
const TARGET_WORKER_MS = 2;
const MANY = 4;

/** Packed and unpacked, twice. */
function installed() {
  const folder = home();
  const tarball = pack(folder);
  const at = (name) => {
    const to = path.join(folder, name);
    fs.mkdirSync(to);
    execFileSync('tar', ['-xzf', tarball, '-C', to]);
    fs.cpSync(PICOCOLORS, path.join(to, 'package/node_modules/picocolors'), { recursive: true });
    return path.join(to, 'package');
  };
  const [bundled, single] = ['bundled', 'single'].map(at);
  fs.rmSync(path.join(single, 'lib/bundle'), { recursive: true });
  return { bundled, single };
}

async function run(node, { script, ...config }) {
  const args = [path.join(__dirname, 'app', `${script}.js`), JSON.stringify(config)];
  const env = { ...process.env, PORT: String(await freePort()) };
  return JSON.parse(execFileSync(node, args, { encoding: 'utf8', env }));
}

/** Of each peer the figures of each round. */
async function measure(node, peers, rounds) {
  const names = Object.keys(peers);
  const measured = Object.fromEntries(names.map((name) => [name, []]));
  for (let round = -WARM_UPS; round < rounds; round += 1) {
    const order = round % 2 === 0 ? names : [...names].reverse();
    for (const name of order) {
      const values = await run(node, peers[name]);
      if (round >= 0) measured[name].push(values);
    }
    process.stderr.write(`round ${round + 1} of ${rounds}\n`);
  }
  return measured;
}

function cell(values, digits, unit) {
  const [from, to] = medianInterval(values).map((value) => value.toFixed(digits));
  return `${median(values).toFixed(digits)} ${unit} (${from} – ${to})`;
}

function report({ one, many }, rounds, version) {
  const loads = (name, key) => one[name].map((values) => values[key]);
  const above = (name) => one[name].map(({ listened }, i) => listened - one.none[i].listened);
  const ratios = (name) => many[name].map(({ ready }, i) => ready / many.roundRobin[i].ready);
  const row = (what, target, of, digits, unit) => [
    what,
    target,
    ...['bundled', 'single'].map((name) => cell(of(name), digits, unit)),
  ];
  return [
    '## Starting',
    `\`npm run bench:load\` on ${machine()}; measured with Node ${version}. ${rounds} rounds; medians, 95 % intervals. The package as npm installs it, and the same without its bundles.`,
    table(
      ['', 'at most', 'with bundles', 'file by file'],
      [
        row('loading the package', `${TARGET_LOAD_MS} ms`, (name) => loads(name, 'loaded'), 1, 'ms'),
        row('… and making a cluster', '–', (name) => loads(name, 'made'), 1, 'ms'),
        row('a worker, start → listening, above node:cluster (SCHED_NONE)', `${TARGET_WORKER_MS} ms`, above, 1, 'ms'),
        row(`ready, ${MANY} workers, ÷ node:cluster`, '1.00 ×', ratios, 2, '×'),
      ],
    ),
  ].join('\n\n');
}

async function main() {
  const options = { rounds: { type: 'string', default: '31' }, node: { type: 'string', default: process.execPath } };
  const { values } = parseArgs({ options });
  const rounds = Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < 6)
    throw new Error(`--rounds ${values.rounds}: an integer of 6 or more is needed`);
  const { bundled, single } = installed();
  const ours = (count) => ({
    bundled: { script: 'native', root: bundled, count },
    single: { script: 'native', root: single, count },
  });
  const one = { ...ours(1), none: { script: 'node-cluster', policy: 'none', count: 1 } };
  const many = { ...ours(MANY), roundRobin: { script: 'node-cluster', policy: 'round-robin', count: MANY } };
  const { node } = values;
  const version = execFileSync(node, ['--version'], { encoding: 'utf8' }).trim();
  const measured = { one: await measure(node, one, rounds), many: await measure(node, many, rounds) };
  const text = report(measured, rounds, version);
  console.log(text);
  if (rounds >= LEAST_ROUNDS) writeSection(DOCUMENT, 'bench:load', text);
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
