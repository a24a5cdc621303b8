'use strict';

// `npm run bench:topics`: publish and subscribe, this project's topics and those of `cluster-client` (npm), in pairs that follow each
// other. What is told is the ratio within a pair: its median, and where that lies with 95 % confidence. `--pairs N`. The table goes to
// stdout and into docs/benchmarks.md.

const { spawnSync } = require('node:child_process');
const path = require('node:path');
const { parseArgs } = require('node:util');
const { table, writeSection } = require('../lib/document');
const { installPackages } = require('../lib/install');
const { machine } = require('../lib/machine');
const { median, medianInterval } = require('../lib/statistics');

const PRIMARY = path.join(__dirname, 'primary.js');
const DOCUMENT = path.join(__dirname, '../../docs/benchmarks.md');
const PEERS = ['cluster-client', 'cluster-native'];
const TARGET = 5;
const RUN_MS = 60_000;

/** So many values that each run takes about a second. */
const CONFIGS = [
  { label: '64 B, 3 workers', workers: 3, size: 64, counts: [4000, 30_000] },
  { label: '4 KiB, 3 workers', workers: 3, size: 4096, counts: [3000, 20_000] },
  { label: '64 KiB, 3 workers', workers: 3, size: 64 * 1024, counts: [500, 2000] },
  { label: '64 B, 8 workers', workers: 8, size: 64, counts: [1500, 10_000] },
];

function run(peer, { workers, size, counts }) {
  const count = counts[PEERS.indexOf(peer)];
  const args = [PRIMARY, JSON.stringify({ peer, workers, size, count })];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', timeout: RUN_MS });
  if (status !== 0) throw new Error(`${args.join(' ')} failed (${status}):\n${stderr}`);
  return JSON.parse(stdout);
}

/** Each pair in the other order than the one before: what follows is not always the same. */
function pair(config, index) {
  const order = index % 2 === 0 ? PEERS : [...PEERS].reverse();
  const measured = Object.fromEntries(order.map((peer) => [peer, run(peer, config)]));
  return PEERS.map((peer) => measured[peer]);
}

function measure(pairs) {
  const measured = CONFIGS.map(() => []);
  for (let index = 0; index < pairs; index += 1) {
    for (const [number, config] of CONFIGS.entries()) {
      measured[number].push(pair(config, index));
      process.stderr.write(`${index + 1}/${pairs} ${config.label}\n`);
    }
  }
  return measured;
}

const whole = (value) => Math.round(value).toLocaleString('en');

function ratio(pairs, of) {
  const ratios = pairs.map(([theirs, ours]) => of(ours) / of(theirs));
  const [low, high] = medianInterval(ratios).map((value) => value.toFixed(2));
  return `**${median(ratios).toFixed(2)} ×** (${low} – ${high})`;
}

function row({ label }, pairs) {
  const rate = (peer) => whole(median(pairs.map((each) => each[peer].rate)));
  const cpu = (each) => each.cpu;
  return [label, rate(0), rate(1), ratio(pairs, (each) => each.rate), ratio(pairs, cpu)];
}

/** Which of them the target was not reached for. */
function missed(measured) {
  const rates = measured.map((pairs) => median(pairs.map(([theirs, ours]) => ours.rate / theirs.rate)));
  return CONFIGS.filter((_config, number) => rates[number] < TARGET).map(({ label }) => label);
}

const { values } = parseArgs({ options: { pairs: { type: 'string', default: '11' } } });
const pairs = Number(values.pairs);
installPackages(__dirname);
const measured = measure(pairs);
const text = [
  '## Topics: publish and subscribe beside cluster-client',
  `\`npm run bench:topics\` on ${machine()}. ${pairs} pairs; this project ÷ \`cluster-client\` (median, 95 % interval).`,
  table(
    ['', 'cluster-client, values/s', 'this project, values/s', 'rate', 'CPU of all processes per value'],
    CONFIGS.map((config, number) => row(config, measured[number])),
  ),
  [
    'One worker publishes, all workers listen, the one that publishes included: it has at most 256 values under way. A value counts',
    'when every worker has it. With `cluster-client`, one of the listening workers is the leader, through whose socket all pass.',
    `Target: ${TARGET} × the rate. Not reached: ${missed(measured).join('; ') || 'none'}.`,
  ].join('\n'),
].join('\n\n');
console.log(text);
writeSection(DOCUMENT, 'bench:topics', text);
