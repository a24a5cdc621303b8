'use strict';

// The table, and what must hold.

const fs = require('node:fs');

function table(rows) {
  return ['| what | count |', '|---|---:|', ...rows.map(([what, count]) => `| ${what} | ${count} |`)].join('\n');
}

/** @param run { seconds, injected, idle, crashed, most, subject, sorted, total, before, after, left } */
function rows({ seconds, injected, idle, crashed, most, subject, sorted, total, before, after, left }) {
  const ends = [...subject.ends]
    .sort()
    .map(([reason, count]) => `${reason} ${count}`)
    .join(', ');
  return [
    ['seconds', seconds],
    ...Object.entries(injected).map(([kind, count]) => [`fault: ${kind}`, count]),
    ['fault: crashing route', crashed.count],
    ['turns without a worker to hit', idle],
    ['hangs found', subject.hangs],
    ['reforks', subject.forks - subject.count],
    ['workers ended by reason', ends],
    ['requests', total],
    ['succeeded', sorted.succeeded.length],
    ['lost with a killed worker that had taken them', sorted.lostWithKilled.length],
    ['… accepted by it, but not logged yet', sorted.lostUnlogged.length],
    ['**lost with a worker that was to finish them**', sorted.lostWithOthers.length],
    ['**lost although nobody had taken them**', sorted.lostUntaken.length],
    ['**hung**', sorted.hung.length],
    ['**hung: requests to a crashing route**', crashed.hung],
    ['longest wait of a request to a crashing route, ms', Math.round(crashed.longest)],
    [`most workers at a time (at most ${most.mostWorkers} allowed)`, most.workers],
    ['most memory at a time, RSS of all processes, MiB', Math.round(most.memory / 1024)],
    ['processes before / after', `${before.processes} / ${after.processes}`],
    ['fds of the app before / after', `${before.fds} / ${after.fds}`],
    ['processes left after the end', left],
  ];
}

function violations({ sorted, crashed, most, recovered, before, after, left, code, subject }) {
  const lost = [...sorted.lostWithOthers, ...sorted.lostUntaken, ...sorted.hung];
  return [
    ...lost.map((request) => `lost or hung: ${JSON.stringify(request)}`),
    sorted.succeeded.length === 0 && 'no request succeeded',
    crashed.hung > 0 && `${crashed.hung} requests to a crashing route hung`,
    most.workers > most.mostWorkers && `${most.workers} workers at a time: at most ${most.mostWorkers} are allowed`,
    !recovered && 'the cluster did not recover',
    before.processes !== after.processes && `processes: ${before.processes} before, ${after.processes} after`,
    before.fds !== after.fds && `fds: ${before.fds} before, ${after.fds} after`,
    left !== 0 && `${left} processes were left`,
    code !== 0 && `the app's exit: ${code}`,
    subject.exception && `exception: ${subject.exception}`,
  ].filter(Boolean);
}

/** The logs are kept where something went wrong. */
function conclude(found, logs) {
  if (found.length === 0) {
    fs.rmSync(logs, { recursive: true });
    return;
  }
  console.error(`\n${found.join('\n')}\nlogs: ${logs}`);
  process.exitCode = 1;
}

module.exports = { table, rows, violations, conclude };
