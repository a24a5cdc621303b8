'use strict';

const { table } = require('../lib/document');
const { machine } = require('../lib/machine');
const { judge } = require('./targets');

const BASES = [
  { name: 'node-rr', label: '÷ RR' },
  { name: 'node-none', label: '÷ NONE' },
];

const METHOD = [
  'Server and load share these CPUs: requests/s tell what both take together, and a dearer client narrows the ratios; so do',
  'other processes, whose share the tables tell. The CPU time per request is that of all processes of the peer (user and',
  'system, from /proc), app process included. Each round runs every peer once, interleaved; figures are medians of the',
  'rounds, ratios (÷ RR, ÷ NONE: to node:cluster round-robin, SCHED_NONE) medians of the ratios within a round; lost, hung,',
  'failed and kills are totals, spreads those of the worst round. Throughput: 32 connections at a time, from as many client',
  'processes as there are CPUs. Latencies of the open loop count from when a request was due.',
].join(' ');

const show = (value, digits) => {
  if (value === undefined || Number.isNaN(value)) return '–';
  return typeof value === 'number' ? value.toFixed(digits) : value;
};

/** The cells of one column (with ratios: three) of a row. */
function cells(results, test, peer, { key, digits, from, ratios, more }) {
  if (more) return [show(results.difference(test.name, peer, more.than, more.key), digits)];
  if (from === 'worst') return [show(results.worst(test.name, peer, test.worst)?.[key], digits)];
  const value = from === 'total' ? results.total(test.name, peer, key) : results.median(test.name, peer, key);
  const compared = ratios ? BASES.map(({ name }) => show(results.ratio(test.name, peer, name, key), 2)) : [];
  return [show(value, digits), ...compared];
}

function section(results, test, peers) {
  const present = peers.filter(({ name }) => results.has(test.name, name));
  const head = test.columns.flatMap(({ label, ratios }) => [label, ...(ratios ? BASES.map((base) => base.label) : [])]);
  const rows = present.map(({ name, label }) => [
    label,
    ...test.columns.flatMap((column) => cells(results, test, name, column)),
  ]);
  return [`### ${test.title}`, table(['', ...head], rows), test.note].filter(Boolean).join('\n\n');
}

const firstLine = (text) => text.split('\n', 1)[0];

const failures = (results) =>
  results.failures.map(({ test, peer, round, message }) => `- ${test}, ${peer}, round ${round}: ${firstLine(message)}`);

/** The whole section of docs/benchmarks.md. */
function report(results, { rounds, seconds, peers, tests }) {
  const failed = failures(results);
  return [
    '## HTTP: connections, balance, kills',
    `\`npm run bench:http\` on ${machine()}. Rounds: ${rounds}, seconds for each load: ${seconds}.`,
    METHOD,
    '### Targets, with the default policy',
    table(['', 'must reach', 'measured', 'reached'], judge(results), '-:::'.split('')),
    ...tests.map((test) => section(results, test, peers)),
    '### Not measured',
    [
      '- Load from other machines, and more than the CPUs above: server and load were never apart.',
      '- macOS, Node versions other than the one above, TLS, HTTP/2, unix sockets, UDP.',
      '- PM2 runs as `pm2-runtime` does, in the app process; its daemon mode was not measured.',
      '- Memory under load: it is taken at rest, 1 s after the start.',
      ...failed,
    ].join('\n'),
  ].join('\n\n');
}

module.exports = { report };
