'use strict';

const fs = require('fs');
const os = require('os');

/** '200000 100000': so many microseconds of CPU time in each period of so many. */
function quota(text) {
  const [time, period] = text.trim().split(/\s+/).map(Number);
  return time > 0 && period > 0 ? time / period : Infinity;
}

function read(file) {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

/** What the control group of a container allows, which the number of CPUs doesn't show. */
function cgroupLimit() {
  const own = /^0::(.*)$/m.exec(read('/proc/self/cgroup'))?.[1] ?? '/';
  const v1 = '/sys/fs/cgroup/cpu/cpu.cfs_';
  return Math.min(
    quota(read('/sys/fs/cgroup/cpu.max')),
    quota(read(`/sys/fs/cgroup${own}/cpu.max`)),
    quota(`${read(`${v1}quota_us`)} ${read(`${v1}period_us`)}`),
  );
}

/** The CPUs that this process may use, at least 1. */
function usableCpus() {
  // Node >= 18.14: respects the affinity mask.
  const cpus = os.availableParallelism?.() ?? os.cpus().length;
  return Math.max(1, Math.min(cpus, Math.floor(cgroupLimit())));
}

module.exports = { usableCpus };
