'use strict';

// What processes use, as the system has it: { memory: bytes, cpu: ms }, by pid. Nothing of one that is gone, or where it is not told.

const fs = require('fs');
const { spawnSync } = require('child_process');

/** `USER_HZ`, in which Linux tells times: 100 on each architecture that Node runs on. */
const TICK_MS = 10;
const KIB = 1024;

function usageOf(pids) {
  const read = process.platform === 'linux' ? ofProc : ofPs;
  return read(pids);
}

function ofProc(pids) {
  const usage = new Map();
  for (const pid of pids) {
    try {
      const [, kilobytes] = /^VmRSS:\s+(\d+) kB/m.exec(fs.readFileSync(`/proc/${pid}/status`, 'utf8'));
      // After the name, which may hold anything: state, …; utime and stime are the fields 14 and 15 (proc_pid_stat(5)).
      const fields = fs.readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1).split(' ');
      usage.set(pid, { memory: kilobytes * KIB, cpu: (Number(fields[11]) + Number(fields[12])) * TICK_MS });
    } catch {
      // It is gone, or a zombie.
    }
  }
  return usage;
}

function ofPs(pids) {
  const { stdout } = spawnSync('ps', ['-o', 'pid=,rss=,time=', '-p', pids.join(',')], { encoding: 'utf8' });
  const lines = (stdout ?? '').matchAll(/^\s*(\d+)\s+(\d+)\s+(\S+)$/gm);
  return new Map(
    Array.from(lines, ([, pid, rss, time]) => [Number(pid), { memory: rss * KIB, cpu: milliseconds(time) }]),
  );
}

/** [[dd-]hh:]mm:ss[.ss] */
function milliseconds(time) {
  const [seconds, minutes = 0, hours = 0, days = 0] = time.split(/[-:]/).reverse();
  return (((days * 24 + Number(hours)) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1000;
}

module.exports = { usageOf };
