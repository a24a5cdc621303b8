'use strict';

// What Linux tells under /proc of processes: the time they ran, the memory that they hold.

const fs = require('node:fs');
const { sum } = require('./statistics');

/** Linux reports times in these whatever the kernel's own tick is (USER_HZ, proc(5)). */
const TICK_MS = 10;

function read(pid, file) {
  try {
    return fs.readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch (err) {
    if (err.code === 'ENOENT' || err.code === 'ESRCH') return null; // it ended meanwhile
    throw err;
  }
}

/** User and system time of a process with all its threads, in ms; 0 if it is gone. */
function cpuTime(pid) {
  // The second field, the command in parentheses, may itself hold spaces and parentheses.
  const fields = read(pid, 'stat')
    ?.replace(/^.*\) /s, '')
    .split(' ');
  return fields ? (Number(fields[11]) + Number(fields[12])) * TICK_MS : 0;
}

/** `{ rss, pss }` in KiB; zeros if it is gone. `pss`: each shared page is divided among those that share it. */
function memory(pid) {
  const text = read(pid, 'smaps_rollup') ?? '';
  const field = (name) => Number(text.match(new RegExp(`^${name}: *(\\d+) kB$`, 'm'))?.[1] ?? 0);
  return { rss: field('Rss'), pss: field('Pss') };
}

/** The resident set in KiB, without looking at each mapping: cheap enough for many processes several times a second. */
function residentSet(pid) {
  return Number((read(pid, 'status') ?? '').match(/^VmRSS:\s*(\d+) kB$/m)?.[1] ?? 0);
}

/** What exists because of this process alone, in KiB: its anonymous memory, and what it uses of native addons. The rest of
 *  its resident set are pages of Node's binary and of system libraries, which all processes share. */
function ownMemory(pid) {
  let own = 0;
  let isAddon = false;
  for (const line of (read(pid, 'smaps') ?? '').split('\n')) {
    // Each mapping begins with its addresses, and ends that line with its file.
    if (/^[0-9a-f]+-[0-9a-f]+ /.test(line)) isAddon = line.endsWith('.node');
    else if (line.startsWith(isAddon ? 'Rss:' : 'Anonymous:')) own += Number(line.match(/\d+/)[0]);
  }
  return own;
}

/** `{ busy, total }` of all CPUs since the machine started, in ms; what the hypervisor took away counts as busy. */
function machineTime() {
  // cpu user nice system idle iowait irq softirq steal; the guests' times are in user and nice already.
  const [, ...ticks] = fs.readFileSync('/proc/stat', 'utf8').split('\n', 1)[0].split(/\s+/).slice(0, 9).map(Number);
  const total = sum(ticks);
  const [, , , idle, waiting] = ticks;
  return { busy: (total - idle - waiting) * TICK_MS, total: total * TICK_MS };
}

module.exports = { machineTime, cpuTime, memory, residentSet, ownMemory };
