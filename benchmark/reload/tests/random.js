'use strict';

// Reloads, scaling and SIGKILLs at random, all during each other: where does it end?

const fs = require('node:fs');
const path = require('node:path');
const { setTimeout: sleep } = require('node:timers/promises');
const { countProcesses } = require('../../chaos/proc');
const { table } = require('../../lib/document');
const { kill } = require('../../lib/subject');
const { Release, withCluster } = require('../peers');

const MOST_WORKERS = 6;
const STANDBY = 1;
const LONGEST_PAUSE_MS = 400;
/** The longest that a process may take to end is `killTimeout`. */
const PATIENCE_MS = 30_000;
const POLL_MS = 50;
const TARGET_SECONDS = 60;
const VARIABLE = 'BENCHMARK_VERSION';

/** A generator of numbers from 0 to 1 (mulberry32): a run can be repeated. */
function generator(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function versionOf(pid) {
  try {
    const variable = fs.readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').find((each) => each.startsWith(`${VARIABLE}=`));
    return Number(variable?.slice(VARIABLE.length + 1) ?? 0);
  } catch (err) {
    if (err.code === 'ENOENT' || err.code === 'ESRCH') return null;
    throw err;
  }
}

class Turmoil {
  counts = { reloads: 0, givenUp: 0, scalings: 0, kills: 0 };
  count = 4;
  /** Of the last reload that was reported as ok. */
  version = 0;
  #subject;
  #random;
  #pending = [];

  constructor(subject, seed) {
    this.#subject = subject;
    this.#random = generator(seed);
  }

  #integer(most) {
    return 1 + Math.floor(this.#random() * most);
  }

  async go(seconds) {
    const end = performance.now() + seconds * 1000;
    while (performance.now() < end) {
      const dice = this.#random();
      if (dice < 0.25) this.#reload();
      else if (dice < 0.5) this.#scale();
      else await this.#kill();
      await sleep(this.#random() * LONGEST_PAUSE_MS);
    }
    await Promise.all(this.#pending);
  }

  #reload() {
    this.counts.reloads += 1;
    const version = this.counts.reloads;
    const target = this.#random() < 0.5 ? 'worker' : 'all';
    const options = { env: { [VARIABLE]: String(version) }, target, concurrency: this.#integer(3) };
    // Several that became one are answered in the order in which they were asked for; the options of the last one count.
    const reload = this.#subject.order('reload', options).then(({ ok }) => {
      if (ok) this.version = version;
      else this.counts.givenUp += 1;
    });
    this.#pending.push(reload);
    // It is awaited at the end.
    reload.catch(() => {});
  }

  #scale() {
    this.counts.scalings += 1;
    this.count = this.#integer(MOST_WORKERS);
    const scale = this.#subject.order('scale', this.count);
    this.#pending.push(scale);
    scale.catch(() => {});
  }

  /** Whichever it hits: one that boots, works, stands by or finishes. */
  async #kill() {
    const { workers } = await this.#subject.order('pids');
    const victim = workers[this.#integer(workers.length) - 1];
    if (victim && kill(victim)) this.counts.kills += 1;
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
    const isRight = listening === count && standing === STANDBY && hasAlone && orphans + zombies === 0 && String(versions) === String(version);
    if (isRight || performance.now() > end) return { ...found, isRight };
    await sleep(POLL_MS);
  }
}

async function run({ seconds, seed, progress }) {
  const release = new Release('server');
  const alone = path.join(__dirname, '../app/alone.js');
  const cluster = { exec: release.file, alone, count: 4, standby: STANDBY };
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
  `(${found.givenUp} given up), ${found.scalings} scalings, ${found.kills} SIGKILLs of workers.`;

const targets = (found) => [{
  what: 'reload during reload during scale during SIGKILLs (random)',
  limit: `${TARGET_SECONDS} s: ends in exactly the asked-for state, no orphan`,
  measured: `${found.seconds} s: ${found.isRight ? 'exactly that' : 'not that'}; ${found.orphans} orphans, ${found.zombies} zombies`,
  isReached: found.seconds >= TARGET_SECONDS && found.isRight,
}];

module.exports = { name: 'random', title: 'Reload during reload during scale during SIGKILLs', run, section, targets };
