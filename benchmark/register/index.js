'use strict';

// `npm run bench:register`: the same code of node:cluster's primary with and without register, in pairs that follow each other. What is
// told is the ratio within a pair: its median, and where that lies with 95 % confidence. `--pairs N`. The table goes to stdout and into
// docs/benchmarks.md.

const { spawnSync } = require('node:child_process');
const path = require('node:path');
const { parseArgs } = require('node:util');
const { table, writeSection } = require('../lib/document');
const { machine } = require('../lib/machine');
const { median, medianInterval } = require('../lib/statistics');

const PRIMARY = path.join(__dirname, 'primary.js');
const REGISTER = path.join(__dirname, '../../register.js');
const DOCUMENT = path.join(__dirname, '../../docs/benchmarks.md');

const messages = (label, count, size) =>
  ['up', 'down', 'cpu'].map((key) => ({ config: { count, size }, label, key, of: (measured) => measured[key] }));
const WHAT = { up: 'worker to primary, rate', down: 'primary to worker, rate', cpu: 'CPU of the primary per message' };

const ROWS = [
  {
    config: { forks: 5 },
    label: 'from fork() until the worker listens',
    of: ({ times }) => median(times),
  },
  ...messages('64 B', 100_000, 64),
  ...messages('4 KiB', 50_000, 4096),
  ...messages('256 KiB', 1000, 256 * 1024),
];

function run(flags, config) {
  const args = [...flags, PRIMARY, JSON.stringify(config)];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${args.join(' ')} failed:\n${stderr}`);
  return JSON.parse(stdout);
}

/** Each pair in the other order than the one before: what follows is not always the same. */
function pair(config, index) {
  const order = [[], ['--require', REGISTER]];
  if (index % 2 === 1) order.reverse();
  const measured = order.map((flags) => run(flags, config));
  if (index % 2 === 1) measured.reverse();
  return measured;
}

function measure(pairs) {
  const configs = [...new Set(ROWS.map(({ config }) => JSON.stringify(config)))];
  const measured = new Map(configs.map((config) => [config, []]));
  for (let index = 0; index < pairs; index += 1) {
    for (const config of configs) {
      measured.get(config).push(pair(JSON.parse(config), index));
      process.stderr.write(`${index + 1}/${pairs} ${config}\n`);
    }
  }
  return measured;
}

function row({ config, label, key, of }, measured) {
  const pairs = measured.get(JSON.stringify(config));
  const ratios = pairs.map(([node, register]) => of(register) / of(node));
  const interval = medianInterval(ratios).map((value) => value.toFixed(2));
  const name = key ? `${label}, ${WHAT[key]}` : label;
  return [name, `${median(ratios).toFixed(2)} ×`, interval.join(' – ')];
}

const { values } = parseArgs({ options: { pairs: { type: 'string', default: '15' } } });
const pairs = Number(values.pairs);
const measured = measure(pairs);
const text = [
  '## register: the same primary with and without',
  `\`npm run bench:register\` on ${machine()}. ${pairs} pairs; with register ÷ without.`,
  table(
    ['', 'median', '95 % interval'],
    ROWS.map((each) => row(each, measured)),
  ),
].join('\n\n');
console.log(text);
writeSection(DOCUMENT, 'bench:register', text);
