'use strict';

// What two looks at a cluster tell that one doesn't: how busy each process was in between, and its last values.

const { processesOf, statusOf } = require('./processes');

/** So many values of each process are kept, for its sparklines. */
const KEPT = 60;

const VALUES = ['cpu', 'utilization', 'rss', 'delay', 'heap', 'connections', 'messages'];

class Looks {
  /** By pid: what it was the last time. */
  #before = new Map();

  /** The processes, as `processesOf()` has them, with VALUES (null: not known), `status`, and `past`: the last of each value. */
  take(stats) {
    const rows = processesOf(stats).map((now) => this.#row(now, this.#before.get(now.pid)));
    this.#before = new Map(rows.map((row) => [row.pid, row]));
    return rows;
  }

  #row(now, before) {
    const { usage, vitals, connections } = now;
    const values = {
      cpu: cpuBetween(usage, before),
      utilization: vitals && vitals.utilization,
      rss: usage && usage.rss,
      delay: vitals && vitals.delay.p99,
      heap: vitals && vitals.heapUsed,
      connections,
      messages: messagesBetween(now, before),
    };
    const kept = (name) => [...(before?.past[name] ?? []), values[name]].slice(-KEPT);
    const past = Object.fromEntries(VALUES.map((name) => [name, kept(name)]));
    return { ...now, ...values, status: statusOf(now.state), past };
  }
}

/** Of one CPU. The master asks the system once a second: another look may find the same. */
function cpuBetween(usage, before) {
  if (!usage || !before?.usage) return null;
  const passed = usage.at - before.usage.at;
  return passed > 0 ? (usage.cpu - before.usage.cpu) / passed : before.cpu;
}

/** To it and from it, in a second. */
function messagesBetween({ received, sent, uptime }, before) {
  if (received === undefined || !before) return null;
  const passed = uptime - before.uptime;
  return passed > 0 ? ((received + sent - before.received - before.sent) * 1000) / passed : before.messages;
}

module.exports = { Looks, VALUES, KEPT };
