'use strict';

const { setTimeout: sleep } = require('timers/promises');
const { Screen } = require('../screen');
const { age, cut } = require('../text');
const { grid } = require('./grid');
const { Looks, VALUES } = require('./looks');
const { slotsOf } = require('./processes');
const { FullScreen } = require('./full-screen');

const EACH_MS = 1000;
const SILENT = 'The cluster does not answer: this is how it was last.';

/** A process begins to tell how it is when somebody looks, and tells it a second later. One that is starting may not tell at all. */
const MOST_LOOKS = 5;

async function top(cluster, { json }) {
  const screen = new Screen(process.stdout, process.env);
  if (screen.isTerminal && !json) return live(cluster, screen);
  const { stats, rows } = await once(cluster);
  return { lines: view(stats, rows, screen), json: plain(stats, rows) };
}

/** What a first look cannot tell is waited for. */
async function once(cluster) {
  const looks = new Looks();
  for (let count = 1; ; count += 1) {
    const stats = await cluster.stats();
    const rows = looks.take(stats);
    const isKnown = rows.every(({ role, vitals, cpu }) => (role === 'app' ? cpu : vitals) !== null);
    if ((count > 1 && isKnown) || count === MOST_LOOKS) return { stats, rows };
    await sleep(EACH_MS);
  }
}

function plain({ title, state, app }, rows) {
  const processes = rows.map(({ name, role, slot, pid, state: own, ...row }) => ({
    name,
    role,
    slot,
    pid,
    state: own,
    ...Object.fromEntries(VALUES.map((value) => [value, row[value]])),
  }));
  return { title, pid: app.pid, state, processes };
}

function view(stats, rows, screen) {
  const { title, app, state, uptime, counts } = stats;
  const { ready, total } = slotsOf(stats);
  const reloads = counts.reloads.ok + counts.reloads.failed;
  const head = [
    `${title} (pid ${app.pid})`,
    state,
    age(uptime),
    `${ready}/${total} workers`,
    reloads > 0 && `${reloads} reloads`,
    counts.unexpectedExits.worker > 0 && `${counts.unexpectedExits.worker} unexpected exits`,
  ];
  return [screen.colors.bold(cut(head.filter(Boolean).join(' · '), screen.width)), '', ...grid(rows, screen)];
}

/** Until a key or a signal ends it, or the cluster's end. */
async function live(cluster, screen) {
  const looks = new Looks();
  const display = new FullScreen(process.stdin, process.stdout);
  const { ended } = display;
  /** As it was last. */
  let lines;
  try {
    while (!ended.aborted) {
      const stats = await look(cluster, lines);
      if (stats) {
        const rows = looks.take(stats);
        lines = () => view(stats, rows, screen);
      }
      display.show(stats ? lines : () => [...lines(), '', SILENT]);
      await sleep(EACH_MS, undefined, { signal: ended }).catch(() => {});
    }
  } finally {
    display.close();
  }
}

/** Undefined: it does not answer just now. It has before: `lines`. */
async function look(cluster, lines) {
  try {
    return await cluster.stats();
  } catch (error) {
    // One that is busy, or stopped for a moment, is there.
    if (lines && error.code === 'ERR_CONTROL_FAILED') return undefined;
    throw error;
  }
}

module.exports = { top };
