'use strict';

const { table } = require('../lib/document');
const { machine } = require('../lib/machine');

const METHOD = [
  'Server and load share these CPUs. The load is a closed loop from as many client processes as there are CPUs: each',
  'connection asks as soon as it was answered (but where it is said that they are idle), looks at status, length and body, and asks nothing more on a connection that',
  'was announced to close. Failed: refused; cut (reset or closed without an answer); truncated; a status other than 200; a',
  'wrong body. Hung: no answer within 10 s. Requests are all of them, failed ones too; after a failure a connection pauses 10',
  'ms. PM2 runs as `pm2-runtime` does, with a PM2_HOME of its own and its default settings.',
].join(' ');

const NOT_MEASURED = [
  '- Load from other machines; macOS; HTTP/2, TLS, WebSockets, large bodies; slow requests that are longer than a drain.',
  '- PM2 in daemon mode, and with `wait_ready` or longer timeouts than its own.',
  '- The socket for the activation is held by a small starter as systemd would, not by systemd.',
];

const verdict = ({ measured, isReached }) => {
  if (measured === null) return 'not measured';
  return isReached ? 'reached' : '**not reached**';
};

const firstLine = (text) => text.split('\n', 1)[0];

/** `outcomes`: `{ test, found }` or `{ test, failure }` of each test. The whole section of docs/benchmarks.md. */
function report(outcomes, { reloads, pm2Reloads, rounds, seconds, load, isWhole }) {
  const measured = outcomes.filter(({ failure }) => !failure);
  const failed = outcomes.filter(({ failure }) => failure);
  const rows = measured.flatMap(({ test, found }) => test.targets(found));
  const lost = failed.map(({ test }) => [test.title, '', 'the test failed', '**not reached**']);
  const sections = measured.flatMap(({ test, found }) => [
    `### ${test.title}`,
    test.section(found),
    ...(test.note ? [test.note] : []),
  ]);
  return [
    '## Reload: change without a dropped request',
    `\`npm run bench:reload\` on ${machine()}. Reloads: ${reloads} (PM2: ${pm2Reloads}); restarts, kills and boots: ${rounds}; ` +
      `random: ${seconds} s. Load average of the machine before it: ${load.toFixed(1)}.`,
    ...(isWhole ? [] : ['This run is smaller than the targets ask for: what needs more is not reached by it.']),
    METHOD,
    '### Targets',
    table(
      ['', 'must reach', 'measured', ''],
      [...rows.map((row) => [row.what, row.limit, row.measured ?? '–', verdict(row)]), ...lost],
    ),
    ...sections,
    '### Not measured',
    [...NOT_MEASURED, ...failed.map(({ test, failure }) => `- ${test.name} failed: ${firstLine(failure)}`)].join('\n'),
  ].join('\n\n');
}

module.exports = { report };
