'use strict';

// What is compared: with the scripts of the other benchmarks, whose subject is the build that BENCH_PACKAGE names.

const fs = require('node:fs');
const path = require('node:path');
const { freePort } = require('../../__test__/e2e/support/free-port');
const { generate } = require('../http/load/generators');
const { cpuTime, residentSet } = require('../lib/proc');
const { Subject, kill } = require('../lib/subject');
const { peers } = require('../messages/peers');
const { Session } = require('../messages/session');
const messageTests = require('../messages/tests');

const WORKERS = 4;
const LOAD_MS = 1500;
const KIB = 1024;

/** `better`: 1 if more is better, -1 if less is. */
const MEASURES = [
  { name: 'size', label: 'size of the addon', unit: 'MB', better: -1 },
  { name: 'ready', label: `start to ready, ${WORKERS} workers`, unit: 'ms', better: -1 },
  { name: 'rss', label: "resident set of the app's process", unit: 'MB', better: -1 },
  { name: 'worker', label: 'resident set of a worker', unit: 'MB', better: -1 },
  { name: 'replaced', label: 'SIGKILL of a worker until another one listens', unit: 'ms', better: -1 },
  { name: 'connection', label: 'CPU of all processes per short connection', unit: 'µs', better: -1 },
  { name: 'handed', label: "CPU of the master's process per connection (round-robin)", unit: 'µs', better: -1 },
  { name: 'requests', label: '`request()`, 2 workers with 32 under way each, a second', unit: '', better: 1 },
  { name: 'flood', label: 'messages of 64 B from 2 workers to the alone, a second', unit: '', better: 1 },
];

async function withSubject(balance, use) {
  const port = await freePort();
  const script = path.join(__dirname, '../http/peers/cluster-native.js');
  const subject = new Subject(script, { workers: WORKERS, balance }, { PORT: String(port) });
  try {
    await subject.started();
    return await use(subject, port);
  } finally {
    await subject.stop();
  }
}

/** CPU of each connection, in µs, by what `time()` tells (ms). */
async function cost(port, time) {
  const { requests, failed, begin, end } = await generate('short', port, LOAD_MS, time);
  if (failed > 0) throw new Error(`${failed} requests failed`);
  return ((end - begin) * 1000) / requests;
}

/** From the kill of a worker until the one after it listens, in ms. */
async function replacement(subject) {
  const before = new Set(subject.workers.keys());
  const [victim] = before;
  const at = Date.now();
  kill(victim);
  const next = () => [...subject.workers].find(([pid]) => !before.has(pid));
  if (!(await subject.until(() => next() !== undefined, 30_000))) throw new Error('the worker was not replaced');
  return next()[1] - at;
}

const processes = () =>
  withSubject('auto', async (subject, port) => {
    const ready = subject.readyAt - subject.startedAt;
    const [worker] = subject.workers.keys();
    const memory = { rss: residentSet(subject.pid) / KIB, worker: residentSet(worker) / KIB };
    const connection = await cost(port, () => subject.cpuTime());
    return { ready, ...memory, connection, replaced: await replacement(subject) };
  });

const handed = () => withSubject('round-robin', (subject, port) => cost(port, () => cpuTime(subject.pid)));

async function messages(name) {
  const { run, workers } = messageTests.find((test) => test.name === name);
  const session = await Session.start(peers[0], workers);
  try {
    return await run(session, { seconds: LOAD_MS / 1000 });
  } finally {
    await session.end();
  }
}

function sizeOf(folder) {
  const addon = fs.readdirSync(folder).find((file) => /^cluster-native\.[^/]*\.node$/.test(file));
  return fs.statSync(path.join(folder, addon)).size / 1e6;
}

/** Of the build in this folder, each by its name. */
async function measure(folder) {
  process.env.BENCH_PACKAGE = folder;
  const ofProcesses = await processes();
  return {
    size: sizeOf(folder),
    ...ofProcesses,
    handed: await handed(),
    requests: (await messages('requests')).answered,
    flood: (await messages('flood-64')).rate,
  };
}

module.exports = { MEASURES, measure };
