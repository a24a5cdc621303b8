'use strict';

// `npm run bench:growth`: what one event costs the master as the cluster grows: with more workers, open connections, listeners, or larger
// messages. Linux only (/proc). `--seconds 2` for each load, `--rounds 3`. The tables go to stdout and into docs/benchmarks.md.

const path = require('node:path');
const { parseArgs } = require('node:util');
const { table, writeSection } = require('../lib/document');
const { machine } = require('../lib/machine');
const { median } = require('../lib/statistics');
const { Subject } = require('../lib/subject');
const { killAll } = require('../messages/session');
const { PEERS, connections } = require('./connections');
const { ofSize, toWorkers } = require('./messages');

const DOCUMENT = path.join(__dirname, '../../docs/benchmarks.md');
const WORKERS = [1, 2, 4, 8, 16, 32, 64];

const { values } = parseArgs({
  options: { seconds: { type: 'string', default: '2' }, rounds: { type: 'string', default: '3' } },
});
const [seconds, rounds] = [Number(values.seconds), Number(values.rounds)];

const kib = 1024;
const sized = (size) => (size < kib ? `${size} B` : size < kib * kib ? `${size / kib} KiB` : `${size / kib / kib} MiB`);

/** Each grows by itself. `subjects`: columns; `run(subject, value)` gives `{ rate, master (µs), failed? }`. */
const AXES = [
  {
    title: 'Short connections through the master (`round-robin`), by workers',
    values: WORKERS,
    subjects: PEERS,
    run: (peer, workers) => connections(peer, { workers }, seconds),
  },
  {
    title: 'The same with 4 workers, by idle keep-alive connections that are open meanwhile',
    values: [0, 100, 1000, 10_000],
    subjects: PEERS,
    run: (peer, idle) => connections(peer, { idle }, seconds),
  },
  {
    title: 'The same with 4 workers, by the number of ports that each listens on',
    values: [1, 4, 16, 64],
    subjects: PEERS,
    run: (peer, listeners) => connections(peer, { listeners }, seconds),
  },
  {
    title: 'Messages of 1 KiB from the alone to all workers, each copy counted, by workers',
    values: WORKERS,
    subjects: [PEERS[0]],
    run: (_peer, workers) => toWorkers(workers, seconds),
  },
  {
    title: 'Messages from two workers to the alone, by size',
    values: [64, kib, 16 * kib, 256 * kib, kib * kib, 8 * kib * kib],
    show: sized,
    subjects: [PEERS[0]],
    run: (_peer, size) => ofSize(size, seconds),
  },
];

const whole = (value) => Math.round(value).toLocaleString('en');

async function measured({ values: steps, show = whole, subjects, run, title }) {
  const results = new Map(steps.map((step) => [step, subjects.map(() => [])]));
  for (let round = 1; round <= rounds; round += 1) {
    for (const step of steps) {
      for (const [index, subject] of subjects.entries()) {
        const result = await run(subject, step);
        if (result.failed > 0) throw new Error(`${subject.label}, ${step}: ${result.failed} requests failed`);
        results.get(step)[index].push(result);
        process.stderr.write(
          `${round}/${rounds} ${title}: ${show(step)} ${subject.label} ${result.master.toFixed(2)} µs\n`,
        );
      }
    }
  }
  const columns = subjects.flatMap(({ label }) => [`${label}, a second`, 'master CPU of each, µs', 'least – most']);
  const cells = (runs) => {
    const costs = runs.map(({ master }) => master);
    const spread = `${Math.min(...costs).toFixed(2)} – ${Math.max(...costs).toFixed(2)}`;
    return [whole(median(runs.map(({ rate }) => rate))), median(costs).toFixed(2), spread];
  };
  const rows = steps.map((step) => [show(step), ...results.get(step).flatMap(cells)]);
  return [`### ${title}`, table(['', ...columns], rows)].join('\n\n');
}

async function main() {
  if (process.platform !== 'linux') throw new Error('the benchmark reads /proc: run it on Linux (WSL, a container)');
  const tables = [];
  for (const axis of AXES) tables.push(await measured(axis));
  const text = [
    '## What an event costs the master as the cluster grows',
    `\`npm run bench:growth\` on ${machine()}. ${rounds} interleaved rounds of ${seconds} s, of which the median is told. CPU is that of all threads of the process that holds the master, from /proc.`,
    ...tables,
    'The load, the workers and the master share the CPUs: with many workers the rate tells more of the scheduler than of the master.',
  ].join('\n\n');
  console.log(text);
  writeSection(DOCUMENT, 'bench:growth', text);
}

for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
])
  process.on(signal, () => Subject.interrupt().then(() => process.exit(code)));
process.on('exit', killAll);

main().catch(async (error) => {
  console.error(error.message);
  await Subject.interrupt();
  process.exit(1);
});
