'use strict';

// Reloads, scaling and SIGKILLs at random, all during each other: where does it end?

const fs = require('node:fs');
const path = require('node:path');
const { setTimeout: sleep } = require('node:timers/promises');
const { countProcesses } = require('../../chaos/proc');
const { table } = require('../../lib/document');
const { Release, withCluster } = require('../peers');
const { Turmoil, VARIABLE } = require('../turmoil');

const STANDBY = 1;
/** Shorter than the default: more reloads come to an end, and others during those. */
const MIN_UPTIME_MS = 300;
/** The longest that a process may take to end is `killTimeout`. */
const PATIENCE_MS = 30_000;
const POLL_MS = 50;
const TARGET_SECONDS = 60;

function versionOf(pid) {
  try {
    const variable = fs
      .readFileSync(`/proc/${pid}/environ`, 'utf8')
      .split('\0')
      .find((each) => each.startsWith(`${VARIABLE}=`));
    return Number(variable?.slice(VARIABLE.length + 1) ?? 0);
  } catch (err) {
    if (err.code === 'ENOENT' || err.code === 'ESRCH') return null;
    throw err;
  }
}

/** What is there, from outside. */
async function look(subject) {
  const { workers, alone } = await subject.order('pids');
  const known = new Set([subject.pid, alone, ...workers]);
  const pids = subject.pids();
  return {
    listening: subject.workers.size,
    standing: subject.standbys.size,
    hasAlone: pids.includes(alone),
    orphans: pids.filter((pid) => !known.has(pid)).length,
    zombies: countProcesses(subject.mark, subject.pid) - pids.length,
    versions: [...new Set(workers.map(versionOf))],
  };
}

/** Looks until it is as it should be, or patience is over. */
async function settle(subject, { count, version }) {
  const end = performance.now() + PATIENCE_MS;
  for (;;) {
    const found = await look(subject);
    const { listening, standing, hasAlone, orphans, zombies, versions } = found;
    const isRight =
      listening === count &&
      standing === STANDBY &&
      hasAlone &&
      orphans + zombies === 0 &&
      String(versions) === String(version);
    if (isRight || performance.now() > end) return { ...found, isRight };
    await sleep(POLL_MS);
  }
}

async function run({ seconds, seed, progress }) {
  const release = new Release('server');
  const alone = path.join(__dirname, '../app/alone.js');
  const cluster = { exec: release.file, alone, count: 4, standby: STANDBY, minUptime: MIN_UPTIME_MS };
  const values = await withCluster({ script: 'cluster-native', config: { cluster } }, async (subject) => {
    const turmoil = new Turmoil(subject, seed);
    await turmoil.go(seconds);
    const { counts, count, version } = turmoil;
    return { seconds, seed, ...counts, count, version, ...(await settle(subject, turmoil)) };
  });
  progress('random', values);
  return values;
}

const section = (found) =>
  table(
    ['', 'asked for', 'found'],
    [
      ['workers that listen', found.count, found.listening],
      ['workers that stand by', STANDBY, found.standing],
      ['alone', 1, found.hasAlone ? 1 : 0],
      ['version of all workers: that of the last reload reported as ok', found.version, found.versions.join(', ')],
      ['processes that nobody knows of', 0, found.orphans],
      ['zombies', 0, found.zombies],
    ],
  ) +
  `\n\n${found.seconds} s with seed ${found.seed}: ${found.reloads} reloads asked for, many of them during another and merged ` +
  `(${found.givenUp} given up), ${found.scalings} scalings, ${found.kills} SIGKILLs of workers; minUptime: ${MIN_UPTIME_MS} ms.`;

const targets = (found) => [
  {
    what: 'reload during reload during scale during SIGKILLs (random)',
    limit: `${TARGET_SECONDS} s: ends in exactly the asked-for state, no orphan`,
    measured: `${found.seconds} s: ${found.isRight ? 'exactly that' : 'not that'}; ${found.orphans} orphans, ${found.zombies} zombies`,
    isReached: found.seconds >= TARGET_SECONDS && found.isRight,
  },
];

module.exports = { name: 'random', title: 'Reload during reload during scale during SIGKILLs', run, section, targets };
