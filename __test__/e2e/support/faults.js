'use strict';
// What a machine may not permit: tests that need it are skipped then, which the run shows.

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const launcher = path.join(__dirname, 'deny.py');

/** The `command` of an app for which these system calls fail (deny.py). */
const denying = (...calls) => ['python3', launcher, JSON.stringify(calls)];

const canDeny =
  process.platform === 'linux' && spawnSync('python3', [launcher, '[["pidfd_open", "EPERM"]]', 'true']).status === 0;

/** Where a controller of process numbers may be: of cgroup v1, and v2. */
const CONTROLLERS = ['/sys/fs/cgroup/pids', '/sys/fs/cgroup'];

/** A group of processes that may not become more while it is `full`. Root's limits are no others' (RLIMIT_NPROC). */
class ProcessGroup {
  #folder;

  /** Null where the system does not permit it. */
  static create() {
    for (const controller of CONTROLLERS) {
      const folder = path.join(controller, `cluster-native-${process.pid}-${Date.now()}`);
      try {
        fs.mkdirSync(folder);
      } catch {
        continue;
      }
      if (fs.existsSync(path.join(folder, 'pids.max'))) return new ProcessGroup(folder);
      fs.rmdirSync(folder);
    }
    return null;
  }

  constructor(folder) {
    this.#folder = folder;
  }

  add(pid) {
    this.#write('cgroup.procs', pid);
  }

  set full(is) {
    this.#write('pids.max', is ? 1 : 'max');
  }

  #write(file, value) {
    fs.writeFileSync(path.join(this.#folder, file), String(value));
  }

  /** Once all of them are gone. */
  remove() {
    fs.rmdirSync(this.#folder);
  }
}

function canLimitProcesses() {
  const group = ProcessGroup.create();
  group?.remove();
  return group !== null;
}

module.exports = { denying, canDeny, ProcessGroup, canLimitProcesses: canLimitProcesses() };
