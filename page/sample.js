'use strict';

// Makes of two answers of /stats, one after the other, what is plotted and what the table shows. Pure.

/** What is plotted. */
const NAMES = [
  'requests',
  'connections',
  'waiting',
  'utilization',
  'busiest',
  'delay',
  'slowest',
  'workerMemory',
  'otherMemory',
  'messages',
];

/** When an answer was given, by the clock of the cluster's machine, in seconds since 1970. `uptime` stands still while that sleeps. */
const timeOf = ({ now }) => now / 1000;

const sum = (numbers) => numbers.reduce((total, number) => total + number, 0);
const mean = (numbers) => (numbers.length === 0 ? null : sum(numbers) / numbers.length);
const most = (numbers) => (numbers.length === 0 ? null : Math.max(...numbers));

const isSame = (stats, before) =>
  before !== null && stats.startedAt === before.startedAt && stats.app.pid === before.app.pid;

/** A number for each of `NAMES`; null for what is not known. `before`: the last answer, or null. */
function sample(stats, before) {
  const workers = stats.children.filter(({ role }) => role === 'worker');
  const others = [stats.app, ...stats.children.filter(({ role }) => role !== 'worker')];
  // Those that stand by do nothing.
  const vitals = workers.filter(({ state }) => state !== 'standby').flatMap((worker) => worker.vitals ?? []);
  const memory = (processes) => {
    const known = processes.flatMap(({ usage }) => usage?.rss ?? []);
    return known.length === 0 ? null : sum(known);
  };
  const seconds = isSame(stats, before) ? (stats.uptime - before.uptime) / 1000 : 0;
  const rate = (grown) => (seconds > 0 ? Math.max(0, grown() / seconds) : null);
  const requests = ({ requests: slots }) => sum(slots.map(({ count }) => count));
  const messages = ({ messages: { alone, worker } }) => alone.received + worker.received;
  return {
    requests: rate(() => requests(stats) - requests(before)),
    connections: sum(workers.map((worker) => worker.connections)),
    waiting: sum(stats.listeners.map(({ waiting, queued }) => waiting + (queued ?? 0))),
    utilization: mean(vitals.map((each) => each.utilization)),
    busiest: most(vitals.map((each) => each.utilization)),
    delay: mean(vitals.map((each) => each.delay.p50)),
    slowest: most(vitals.map((each) => each.delay.max)),
    workerMemory: memory(workers),
    otherMemory: memory(others),
    messages: rate(() => messages(stats) - messages(before)),
  };
}

/** How much of a CPU each process uses, by pid: between the last two measurements, which are at most one a second. */
class CpuUse {
  #measured = new Map();

  /** `{ pid: share }`, 1 for a whole CPU. */
  of(stats) {
    const processes = [stats.app, ...stats.children].filter(({ usage }) => usage);
    const now = new Map();
    for (const { pid, usage } of processes) {
      const last = this.#measured.get(pid);
      const isNew = last === undefined || usage.at < last.at || usage.cpu < last.cpu;
      const share = isNew || usage.at === last.at ? last?.share : (usage.cpu - last.cpu) / (usage.at - last.at);
      now.set(pid, { ...usage, share: isNew ? undefined : share });
    }
    this.#measured = now;
    return new Map([...now].map(([pid, { share }]) => [pid, share]));
  }
}

const ORDER = ['app', 'alone', 'worker'];

/** The rows of the table, in order: the app, the alone, workers by slot, those that stand by. */
function rows(stats, cpu) {
  const app = {
    role: 'app',
    id: 0,
    slot: null,
    state: stats.state,
    uptime: stats.uptime,
    restarts: null,
    ...stats.app,
  };
  const key = ({ role, slot, id }) => [ORDER.indexOf(role), slot ?? Infinity, id];
  const compare = (a, b) => {
    const [left, right] = [key(a), key(b)];
    const index = left.findIndex((part, at) => part !== right[at]);
    return index < 0 ? 0 : left[index] < right[index] ? -1 : 1;
  };
  return [app, ...stats.children].sort(compare).map((process) => ({ ...process, cpu: cpu.get(process.pid) }));
}

module.exports = { CpuUse, NAMES, isSame, rows, sample, timeOf };
