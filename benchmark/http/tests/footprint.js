'use strict';

// What it costs to be there: time to start, and memory.

const { setTimeout: sleep } = require('node:timers/promises');
const { memory, ownMemory } = require('../../lib/proc');

/** What was only needed to start is given back by then. */
const REST_MS = 1000;
/** One start takes what chance gives it. */
const STARTS = 5;
const KIB_PER_MIB = 1024;

const ready = {
  name: 'ready',
  group: 'ready',
  workers: 4,
  starts: STARTS,
  title: 'From the start of the app process until 4 workers listen, no alone',
  columns: [{ key: 'duration', label: 'ms', digits: 0, ratios: true }],
  run: async (subject) => ({ duration: subject.readyAt - subject.startedAt }),
};

const footprint = {
  name: 'memory',
  group: 'memory',
  workers: 4,
  title: 'Memory at rest with 4 workers',
  note:
    "A process's own memory is what exists because of it alone: anonymous pages, and those of native addons. The rest of its " +
    "resident set are pages of Node's binary and of system libraries that it has used; the workers use the same ones.",
  columns: [
    { key: 'app', label: 'app process, RSS, MiB', digits: 1 },
    { label: 'more than without a cluster', digits: 1, more: { key: 'app', than: 'bare' } },
    { key: 'own', label: 'of it its own memory', digits: 1 },
    { label: 'more than without a cluster', digits: 1, more: { key: 'own', than: 'bare' } },
    { key: 'tree', label: 'all processes, PSS, MiB', digits: 1 },
  ],
  async run(subject) {
    await sleep(REST_MS);
    const kibibytes = { app: memory(subject.pid).rss, own: ownMemory(subject.pid), tree: subject.memory().pss };
    return Object.fromEntries(Object.entries(kibibytes).map(([key, value]) => [key, value / KIB_PER_MIB]));
  },
};

module.exports = [ready, footprint];
