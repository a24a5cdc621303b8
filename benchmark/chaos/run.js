'use strict';

// One run: a cluster under load, to which something bad happens again and again.

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { Load } = require('../lib/load');
const { Peak } = require('../lib/peak');
const { crashes } = require('./crashes');
const { Evidence } = require('./evidence');
const { Faults } = require('./faults');
const { Subject } = require('./subject');

const START_MS = 60_000;
/** A worker that is recycled may wait a minute for its next successor. */
const SETTLE_MS = 120_000;

const cluster = { title: 'chaos', count: 4, hangTimeout: 1000, killTimeout: 3000, maxMemory: '300M' };
/** A hung worker's requests end after `hangTimeout` and `killTimeout`: what isn't ended much later never will be. */
const load = { rate: 200, patience: 20_000 };
/** However many crash or hang: each slot's worker, one that leaves for each, and one successor of a rollout. */
const mostWorkers = 2 * cluster.count + 1;

const measure = (subject) => ({ processes: subject.processes(), fds: subject.fds() });

/**
 * `seconds`: for how long; `faultEvery`: ms; `rate`: of requests a second; `watch(subject)`: gives something with `end()`, which is
 * called when the load ends. Resolves with what is told and judged by report.js; `logs` is a folder that the caller removes.
 */
async function run(plan) {
  if (process.platform !== 'linux')
    throw new Error('the chaos run reads /proc: run it on Linux (or in WSL, or a container)');
  if (!(plan.seconds > 0)) throw new Error(`a duration of ${plan.seconds} s: a number above 0 is needed`);
  const logs = fs.mkdtempSync(path.join(os.tmpdir(), 'cluster-native-chaos-'));
  const subject = new Subject(cluster, { logs, stderr: fs.openSync(path.join(logs, 'output'), 'w') });
  try {
    return { ...(await runWith(subject, logs, plan)), logs };
  } catch (err) {
    subject.kill();
    throw new Error(`${err.message}; logs: ${logs}`, { cause: err });
  }
}

async function runWith(subject, logs, { seconds, faultEvery, rate = load.rate, watch }) {
  if (!(await subject.started(START_MS))) throw new Error(`the cluster was not ready within ${START_MS} ms`);
  const before = measure(subject);
  const evidence = new Evidence();
  for (const pid of subject.workers.keys()) evidence.addProcess(pid);
  subject.on('fork', (pid) => evidence.addProcess(pid));
  const faults = new Faults(subject, evidence);
  const requests = new Load(subject.port, { ...load, rate });
  const peak = new Peak(subject);
  const watching = watch?.(subject);
  const crashing = crashes(subject.port, (seconds * 1000) / 2, load.patience);
  await faults.run(faultEvery, seconds * 1000);
  // Under load, too, it must recover.
  const recovered = await subject.settled(SETTLE_MS);
  await requests.stop();
  watching?.end();
  const crashed = await crashing;
  const most = { ...peak.end(), mostWorkers };
  const after = measure(subject);
  const code = await subject.close();
  const left = subject.processes();
  const sorted = evidence.sort(requests.requests, logs);
  const { injected, idle } = faults;
  const { requests: asked } = requests;
  const total = asked.length;
  return {
    seconds,
    asked,
    injected,
    idle,
    crashed,
    most,
    subject,
    sorted,
    total,
    recovered,
    before,
    after,
    left,
    code,
  };
}

module.exports = { run };
