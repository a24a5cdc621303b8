'use strict';

// What clients notice of workers that are killed.

const { setTimeout: sleep } = require('node:timers/promises');
const { kill } = require('../../lib/subject');
const { median } = require('../../lib/statistics');
const { openLoop } = require('../load/open-loop');
const { request, outcomes } = require('../load/request');

const PATIENCE_MS = 5000;
const RECOVERY_MS = 20_000;
const RATE = 200;
const KILL_EVERY_MS = 500;
/** Four kills at least. */
const LEAST_MS = 2500;
const RECOVERIES = 3;
const CLIENTS = 20;
/** So long the clients wait before the hung worker is killed. */
const WAIT_MS = 300;
/** Between a worker's last answer and its endless loop. */
const HANG_MS = 50;

const random = (list) => list[Math.floor(Math.random() * list.length)];

const lostAndHung = [
  { key: 'lost', label: 'lost', digits: 0, from: 'total' },
  { key: 'hung', label: 'hung', digits: 0, from: 'total' },
];

const hungWorker = {
  name: 'hung-worker',
  group: 'hung',
  workers: 2,
  title: `One of 2 workers hangs; ${CLIENTS} clients come; ${WAIT_MS} ms later it is killed`,
  columns: [{ key: 'served', label: 'served before the kill', digits: 0 }, ...lostAndHung],
  async run(subject, port) {
    const { text } = await request(port, '/hang', { patience: PATIENCE_MS });
    await sleep(HANG_MS);
    let served = 0;
    const clients = Array.from({ length: CLIENTS }, async () => {
      const result = await request(port, '/', { patience: PATIENCE_MS });
      served += 1;
      return result;
    });
    await sleep(WAIT_MS);
    const before = served;
    kill(Number(text));
    const { lost, hung } = outcomes(await Promise.all(clients));
    return { served: before, lost, hung };
  },
};

const recovery = {
  name: 'recovery',
  group: 'recovery',
  workers: 4,
  title: 'From SIGKILL of one of 4 workers until all 4 listen again, without load',
  columns: [{ key: 'duration', label: 'ms', digits: 0 }],
  async run(subject) {
    const durations = [];
    for (let i = 0; i < RECOVERIES; i += 1) {
      const pids = [...subject.workers.keys()];
      const victim = random(pids);
      const from = Date.now();
      kill(victim);
      const isFull = () => subject.workers.size === pids.length && !subject.workers.has(victim);
      if (!(await subject.until(isFull, RECOVERY_MS)))
        throw new Error(`not at full capacity ${RECOVERY_MS} ms after a kill`);
      durations.push(Math.max(...subject.workers.values()) - from);
    }
    return { duration: median(durations) };
  },
};

const killsUnderLoad = {
  name: 'kills',
  group: 'kills',
  workers: 4,
  title: `One of 4 workers is killed every ${KILL_EVERY_MS} ms; ${RATE} new connections/s, open loop`,
  columns: [
    { key: 'kills', label: 'kills', digits: 0, from: 'total' },
    { key: 'requests', label: 'requests', digits: 0, from: 'total' },
    ...lostAndHung,
  ],
  async run(subject, port, { seconds }) {
    let kills = 0;
    const timer = setInterval(() => {
      // At least one stays: with none there is nobody to compare.
      if (subject.workers.size > 1 && kill(random([...subject.workers.keys()]))) kills += 1;
    }, KILL_EVERY_MS);
    const duration = Math.max(LEAST_MS, seconds * 1000);
    // Those that hang are waited for without further kills, or peers with more of them would get more.
    const end = setTimeout(() => clearInterval(timer), duration);
    try {
      const results = await openLoop(port, { rate: RATE, duration, patience: PATIENCE_MS });
      return { kills, requests: results.length, ...outcomes(results) };
    } finally {
      clearTimeout(end);
      clearInterval(timer);
    }
  },
};

module.exports = [hungWorker, recovery, killsUnderLoad];
