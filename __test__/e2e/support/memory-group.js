'use strict';

const fs = require('node:fs');
const path = require('node:path');

const ROOT = '/sys/fs/cgroup';
/** Of both versions: the folder in which groups are made, and the file of a group's limit. */
const VERSIONS = [
  { folder: path.join(ROOT, 'memory'), file: 'memory.limit_in_bytes' },
  { folder: ROOT, file: 'memory.max' },
];

/** A cgroup in which processes have so much memory together; undefined where none may be made. `command`: what starts a program in
 *  it; `remove()` once nobody is in it any more. */
function memoryGroup(bytes) {
  for (const { folder, file } of VERSIONS) {
    const group = path.join(folder, `cluster-native-${process.pid}`);
    try {
      fs.mkdirSync(group);
    } catch {
      continue;
    }
    try {
      fs.writeFileSync(path.join(group, file), String(bytes));
      const enter = `echo $$ > ${path.join(group, 'cgroup.procs')} && exec "$@"`;
      return { command: ['sh', '-c', enter, 'sh'], remove: () => fs.rmdirSync(group) };
    } catch {
      fs.rmdirSync(group);
    }
  }
  return undefined;
}

module.exports = { memoryGroup };
