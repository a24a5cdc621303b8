'use strict';
// `npm run chaos`: under constant load something bad happens to the cluster every 500 ms, for CHAOS_SECONDS (60); in the
// first half of it a route crashes besides, 2.5 times a second. Then it tells what became of the requests, and exits with 1
// if something did that must not. Linux only (/proc).

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { Load } = require('../lib/load');
const { Peak } = require('../lib/peak');
const { crashes } = require('./crashes');
const { Evidence } = require('./evidence');
const { Faults } = require('./faults');
const { table, rows, violations } = require('./report');
const { Subject } = require('./subject');

const seconds = Number(process.env.CHAOS_SECONDS ?? 60);
const FAULT_EVERY_MS = 500;
const START_MS = 60_000;
/** A worker that is recycled may wait a minute for its next successor. */
const SETTLE_MS = 120_000;

const cluster = { title: 'chaos', count: 4, hangTimeout: 1000, killTimeout: 3000, maxMemory: '300M' };
/** A hung worker's requests end after `hangTimeout` and `killTimeout`: what isn't ended much later never will be. */
const load = { rate: 200, patience: 20_000 };
/** However many crash or hang: each slot's worker, one that leaves for each, and one successor of a rollout. */
const mostWorkers = 2 * cluster.count + 1;

const measure = (subject) => ({ processes: subject.processes(), fds: subject.fds() });

async function run(subject, logs) {
  if (!(await subject.started(START_MS))) throw new Error(`the cluster was not ready within ${START_MS} ms`);
  const before = measure(subject);
  const evidence = new Evidence();
  const faults = new Faults(subject, evidence);
  const requests = new Load(subject.port, load);
  const peak = new Peak(subject);
  const crashing = crashes(subject.port, (seconds * 1000) / 2, load.patience);
  await faults.run(FAULT_EVERY_MS, seconds * 1000);
  // Under load, too, it must recover.
  const recovered = await subject.settled(SETTLE_MS);
  await requests.stop();
  const crashed = await crashing;
  const most = { ...peak.end(), mostWorkers };
  const after = measure(subject);
  const code = await subject.close();
  const left = subject.processes();
  const sorted = evidence.sort(requests.requests, logs);
  const { injected, idle } = faults;
  const total = requests.requests.length;
  return { seconds, injected, idle, crashed, most, subject, sorted, total, recovered, before, after, left, code };
}

async function main() {
  if (process.platform !== 'linux') throw new Error('the chaos run reads /proc: run it on Linux (or in WSL, or a container)');
  if (!(seconds > 0)) throw new Error(`CHAOS_SECONDS=${process.env.CHAOS_SECONDS}: a number above 0 is needed`);
  const logs = fs.mkdtempSync(path.join(os.tmpdir(), 'cluster-native-chaos-'));
  const subject = new Subject(cluster, { logs, stderr: fs.openSync(path.join(logs, 'output'), 'w') });
  const result = await run(subject, logs).catch((err) => {
    subject.kill();
    throw new Error(`${err.message}; logs: ${logs}`);
  });
  console.log(table(rows(result)));
  const found = violations(result);
  if (found.length === 0) {
    fs.rmSync(logs, { recursive: true });
    return;
  }
  console.error(`\n${found.join('\n')}\nlogs: ${logs}`);
  process.exitCode = 1;
}

main().catch((err) => {
  console.error(err.message);
  process.exit(1);
});
