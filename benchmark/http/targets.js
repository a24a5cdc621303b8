'use strict';

// What this project set itself to reach, with `balance: 'auto'`, and whether it did.

const SUBJECT = 'auto';
/** Two runs of the same peer differ by that much. */
const NOISE = 0.05;

const atMost = (limit) => (value) => value <= limit;
const atLeast = (limit) => (value) => value >= limit;

/** A ratio to one of the node:cluster policies. */
function ratio(what, test, key, other, text, holds, digits = 2) {
  const label = other === 'node-rr' ? 'round-robin' : 'SCHED_NONE';
  const measure = (results) => results.ratio(test, SUBJECT, other, key);
  return { what, limit: `${text} × ${label}`, measure, holds, show: (value) => `${value.toFixed(digits)} ×` };
}

function short(workers) {
  const test = `short-${workers}`;
  const what = (measured) => `short connections, ${workers} workers, ${measured}`;
  return [
    ratio(what('CPU per request'), test, 'server', 'node-rr', '≤ 0.40', atMost(0.4)),
    ratio(what('CPU per request'), test, 'server', 'node-none', '≤ 1.15', atMost(1.15)),
    ratio(what('requests/s'), test, 'rate', 'node-rr', '≥ 2', atLeast(2)),
    ratio(what('requests/s'), test, 'rate', 'node-none', '≥ 0.93', atLeast(0.93)),
  ];
}

function keepAlive(workers) {
  const what = `keep-alive, ${workers} workers, CPU per request`;
  const text = `≤ 1.0 (${NOISE * 100} % of noise allowed)`;
  return ratio(what, `keepalive-${workers}`, 'server', 'node-rr', text, atMost(1 + NOISE));
}

function spread(test, what, key, limit, text) {
  const measure = (results) => {
    const worst = results.worst(test, SUBJECT, 'difference');
    // Those that nobody served are not balanced.
    return worst && { value: worst[key], failed: results.total(test, SUBJECT, 'failed') };
  };
  const show = ({ value, failed }) => `${Number(value.toFixed(2))}${failed > 0 ? `, ${failed} failed` : ''}`;
  return {
    what,
    limit: `${text} ${limit}`,
    measure,
    holds: ({ value, failed }) => value <= limit && failed === 0,
    show,
  };
}

function memory(which, key) {
  const toMegabytes = (mebibytes) => mebibytes * 1.048576;
  return {
    what: `memory that the master adds to the app process: ${which}`,
    limit: '≤ 6 MB',
    measure: (results) => results.difference('memory', SUBJECT, 'bare', key),
    holds: (mebibytes) => toMegabytes(mebibytes) <= 6,
    show: (mebibytes) => `${toMegabytes(mebibytes).toFixed(1)} MB`,
  };
}

const TARGETS = [
  ...short(2),
  ...short(4),
  keepAlive(2),
  keepAlive(4),
  spread('spread-64-burst', '64 long connections on 4 workers, at once', 'difference', 2, 'max − min ≤'),
  spread('spread-64-paced', '64 long connections on 4 workers, paced', 'difference', 2, 'max − min ≤'),
  spread('spread-1000-paced', '1,000 long connections within 1 s on 4 workers', 'share', 1.25, 'max ÷ mean ≤'),
  {
    what: 'one of 2 workers blocks 300 ms of every 600, 200 new connections/s: p90',
    limit: '≤ 15 ms',
    measure: (results) => results.median('stall', SUBJECT, 'p90'),
    holds: atMost(15),
    show: (value) => `${value.toFixed(1)} ms`,
  },
  {
    what: 'one of 2 workers blocked, 20 clients waiting, then SIGKILL',
    limit: '0 hangs, 0 lost',
    measure: (results) =>
      results.has('hung-worker', SUBJECT) && ['hung', 'lost'].map((key) => results.total('hung-worker', SUBJECT, key)),
    holds: ([hung, lost]) => hung === 0 && lost === 0,
    show: ([hung, lost]) => `${hung} hangs, ${lost} lost`,
  },
  ratio('ready with 4 workers, no alone', 'ready', 'duration', 'node-rr', '≤ 1.0', atMost(1)),
  memory('what is its own (anonymous, and the addon)', 'own'),
  memory('resident set, with the pages of Node that all processes share', 'app'),
];

/** A row for each target: what, limit, measured, reached. */
function judge(results) {
  return TARGETS.map(({ what, limit, measure, holds, show }) => {
    const value = measure(results);
    if (value === undefined || value === false) return [what, limit, 'not measured', '–'];
    return [what, limit, show(value), holds(value) ? 'yes' : '**no**'];
  });
}

module.exports = { judge };
