'use strict';
// `npm run soak`: the chaos run for SOAK_MINUTES (60), with memory, descriptors and latency over time. Exits with 1 if something
// happened that must not, or if the app's memory grows. The tables go to stdout and, of a run of an hour or more, into docs/soak.md.

const os = require('node:os');
const path = require('node:path');
const { table: columns, writeSection } = require('../lib/document');
const { Curve } = require('./curve');
const { conclude, table, rows, violations } = require('./report');
const { run } = require('./run');

const DOCS = path.join(__dirname, '../../docs/soak.md');
const FAULT_EVERY_MS = 2000;
const RATE = 100;
const PARTS = 12;
const DOCUMENTED_MINUTES = 60;
/** The app's memory in the last sixth of the time, beyond that in the second sixth: the first one warms up. */
const MOST_GROWTH_MIB = 16;

const minutes = Number(process.env.SOAK_MINUTES ?? DOCUMENTED_MINUTES);

const header = [
  'after',
  'requests',
  'not succeeded',
  'p50',
  'p99',
  "the app's memory",
  'memory of all',
  "the app's descriptors",
];

const row = ({ minutes: end, requests, lost, p50, p99, app, all, fds }) => [
  `${end.toFixed(1)} min`,
  requests,
  lost,
  `${p50} ms`,
  `${p99} ms`,
  `${app.toFixed(1)} MiB`,
  `${all.toFixed(0)} MiB`,
  fds,
];

function growth(parts) {
  const mean = (two) => (two[0].app + two[1].app) / 2;
  return mean(parts.slice(-2)) - mean(parts.slice(2, 4));
}

function text(result, parts) {
  const machine = `${os.cpus().length} CPUs (${os.cpus()[0].model}), Linux ${os.release()}, Node ${process.version}`;
  return [
    `${machine}, ${new Date().toISOString().slice(0, 10)}. ${minutes} minutes; a fault every ${FAULT_EVERY_MS / 1000} s, ${RATE} requests a second on new ` +
      'connections, a fifth of which take 50 to 300 ms; in the first half a route crashes 2.5 times a second.',
    columns(header, parts.map(row)),
    `The app's memory in the last sixth of the time, beyond that in the second: ${growth(parts).toFixed(1)} MiB.`,
    table(rows(result)),
  ].join('\n\n');
}

async function main() {
  let curve;
  const watch = (subject) => (curve = new Curve(subject));
  const result = await run({ seconds: minutes * 60, faultEvery: FAULT_EVERY_MS, rate: RATE, watch });
  const parts = curve.parts(result.asked, PARTS);
  const told = text(result, parts);
  console.log(told);
  if (minutes >= DOCUMENTED_MINUTES) writeSection(DOCS, 'soak', told);
  const grown = growth(parts);
  const found = [
    ...violations(result),
    grown > MOST_GROWTH_MIB && `the app's memory grew by ${grown.toFixed(1)} MiB`,
  ].filter(Boolean);
  conclude(found, result.logs);
}

main().catch((err) => {
  console.error(err.message);
  process.exit(1);
});
