'use strict';

// What Linux tells of processes under /proc.

const fs = require('node:fs');
const { processesWith } = require('../../__test__/e2e/support/processes');

/** `{ state, parent }` of a process; null if there is none. */
function stat(pid) {
  try {
    // The second field, the command in parentheses, may itself hold spaces and parentheses.
    const [state, parent] = fs
      .readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
    return { state, parent: Number(parent) };
  } catch {
    return null;
  }
}

/** Every process of the tree that inherited `mark`, and every zombie that `app` has not reaped (zombies have no environment). */
function countProcesses(mark, app) {
  const zombies = fs.readdirSync('/proc').filter((name) => {
    const found = /^\d+$/.test(name) && stat(name);
    return found && found.state === 'Z' && found.parent === app;
  });
  return processesWith(mark).length + zombies.length;
}

function countFds(pid) {
  return fs.readdirSync(`/proc/${pid}/fd`).length;
}

/** The remote ports of the connections that a process has accepted on `port`: those sockets in the kernel's table that it
 *  holds. A connection that still waits in the accept queue has no inode yet. */
function acceptedBy(pid, port) {
  const held = new Set();
  for (const fd of fs.readdirSync(`/proc/${pid}/fd`)) {
    try {
      held.add(fs.readlinkSync(`/proc/${pid}/fd/${fd}`).match(/^socket:\[(\d+)\]$/)?.[1]);
    } catch (err) {
      if (err.code !== 'ENOENT') throw err;
    }
  }
  const portOf = (address) => Number.parseInt(address.split(':')[1], 16);
  const rows = fs
    .readFileSync('/proc/net/tcp', 'utf8')
    .trim()
    .split('\n')
    .slice(1)
    .map((row) => row.trim().split(/\s+/));
  return rows.filter((row) => portOf(row[1]) === port && held.has(row[9])).map((row) => portOf(row[2]));
}

/** SIGSTOP, and back only when the process really stands still: another CPU may go on with it for a moment.
 *  False if it is gone. */
function stop(pid) {
  try {
    process.kill(pid, 'SIGSTOP');
  } catch (err) {
    if (err.code === 'ESRCH') return false;
    throw err;
  }
  for (;;) {
    const state = stat(pid)?.state;
    if (state === 'T') return true;
    if (state === undefined || state === 'Z' || state === 'X') return false;
  }
}

module.exports = { countProcesses, countFds, acceptedBy, stop };
