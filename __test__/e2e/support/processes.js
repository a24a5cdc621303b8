'use strict';

const { execFileSync } = require('node:child_process');
const fs = require('node:fs');

/**
 * The processes whose environment holds `mark` (`NAME=value`). Children inherit the environment, so this finds an app's
 * whole tree, also what lost its parent. Dead ones have no environment any more, zombies included.
 */
function processesWith(mark) {
  return process.platform === 'linux' ? fromProc(mark) : fromPs(mark);
}

function fromProc(mark) {
  const found = [];
  for (const name of fs.readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const environment = readProc(name, 'environ');
    if (!environment.split('\0').includes(mark)) continue;
    found.push({ pid: Number(name), command: readProc(name, 'cmdline').split('\0').join(' ').trim() });
  }
  return found;
}

function readProc(pid, file) {
  try {
    return fs.readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return ''; // it ended meanwhile, or is not ours to read
  }
}

function fromPs(mark) {
  return execFileSync('ps', ['-axEww', '-o', 'pid=,command='], { encoding: 'utf8' })
    .split('\n')
    .filter((line) => line.split(' ').includes(mark))
    .map((line) => ({ pid: Number.parseInt(line, 10), command: line.trim() }));
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

module.exports = { processesWith, isAlive };
