'use strict';

// The results as Markdown.

const { table } = require('../lib/document');
const { machine } = require('../lib/machine');
const { columns, show, MIB } = require('./columns');
const { peers, ORIGINAL, SUBJECT } = require('./peers');
const { BACK, judge } = require('./targets');

/** Where a ratio says something. */
const COMPARED = new Set([
  ...['rate', 'answered', 'cpu', 'stoppedRate'],
  ...['p50', 'p99', 'idle50', 'idle99', 'loaded50', 'loaded99'],
]);

function testTable({ name, title, columns: names }, results) {
  const measured = peers.filter((peer) => results.has(name, peer.name));
  const cells = (peer) => names.map((column) => show(column, results.median(name, peer.name, column)));
  const rows = measured.map((peer) => [peer.title, ...cells(peer)]);
  const ratio = (column) => (COMPARED.has(column) ? results.ratio(name, column, SUBJECT, ORIGINAL) : null);
  const ratios = names.map(ratio);
  if (ratios.some((value) => value !== null)) {
    rows.push(['this project : original', ...ratios.map((value) => (value === null ? '' : `**${value.toFixed(2)}**`))]);
  }
  return `**${title}** (\`${name}\`)\n\n${table(['', ...names.map((column) => columns[column].title)], rows)}`;
}

function targetTable(results) {
  const verdict = ({ measured, isReached }) => {
    if (measured === null) return 'not measured';
    return isReached ? 'reached' : '**not reached**';
  };
  const rows = judge(results).map((row) => [row.what, row.target, row.measured ?? '–', verdict(row)]);
  return table(
    ['must reach, compared with the original’s stack where nothing else is said', 'target', 'measured', ''],
    rows,
  );
}

const facts = ({ rounds, seconds }) =>
  [
    `${machine()}. Interleaved rounds: ${rounds}, of which the median is told; ${seconds} s for each load, after`,
    'a warm-up. All processes share the CPUs.',
  ].join(' ');

const notes = (results) =>
  [
    'How it is measured:',
    '',
    '- Workers and the alone are the same scripts for every peer and send with `process.send` (where the title says `sendmessage()`, this',
    "  project's own; npm's is `process.send`) while that returns true; after",
    "  a false they wait for the callback of one more message. Sizes are those of the message's `data`; the envelope comes on top.",
    '- Rates count what arrived, from the first send to the last arrival: a queue that is still to be emptied counts. CPU is',
    '  that of all threads of the process that holds the master, from /proc; for this project that is the whole app process.',
    '- Memory is that of the same process: the most it held (VmHWM, and RSS every 20 ms), the growth since it was ready.',
    `  “Back” is within ${BACK / MIB} MB of that, 5 s after the last message.`,
    "- The original's stack is a Node master with `cfork` and `sendmessage`. Its further app process is left out, in its favour.",
    '- Raw `process.send` is for orientation: workers send to their parent, which is the alone itself. Nothing is forwarded,',
    '  so there is no master whose CPU could be told; memory is that of the receiver.',
    '- The round trips under load begin at 500 a second, whatever becomes of those before.',
    '- A run that got nothing for 10 s is ended; what had not arrived counts as missing.',
    '',
    "Not measured: other systems than the one above; `serialization: 'advanced'`; messages that carry handles; more than",
    'two senders at once.',
    ...(results.failures.length > 0 ? ['', 'Runs that failed:', ''] : []),
    ...results.failures.map(({ test, peer, message }) => `- \`${test}\`, ${peer}: ${message.split('\n')[0]}`),
  ].join('\n');

/** The whole section. */
function report(results, tests, options) {
  const measured = tests.filter(({ name }) => results.tests.includes(name));
  return [
    '## Messages',
    '`npm run bench:messages` writes this section.',
    facts(options),
    targetTable(results),
    ...measured.map((test) => testTable(test, results)),
    notes(results),
  ].join('\n\n');
}

module.exports = { report };
