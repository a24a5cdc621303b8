'use strict';

// A file with this process's pid, while the cluster works (`pidFile`).

const fs = require('fs');
const path = require('path');
const { ClusterError } = require('../errors');

/** In proc(5), of a process's start: USER_HZ, which is 100 wherever Node runs. */
const TICK_MS = 10;
/** More than these times are inexact by. */
const WRITTEN_AFTER_MS = 2000;

class PidFile {
  #file;
  #isWritten = false;
  /** For an app that exits without closing its cluster. */
  #onExit = () => this.remove();

  /** Before anything is started. Throws what will be in the way later. */
  constructor(file) {
    try {
      // A link in the path may lead elsewhere when it is removed.
      this.#file = path.join(fs.realpathSync(path.dirname(file)), path.basename(file));
      fs.accessSync(path.dirname(this.#file), fs.constants.W_OK);
    } catch (cause) {
      throw failed(file, cause);
    }
    this.#check();
  }

  #check() {
    let holder;
    try {
      holder = read(this.#file);
    } catch (cause) {
      throw failed(this.#file, cause);
    }
    if (holder === undefined || holder === process.pid || !isAlive(holder) || isReused(holder, this.#file)) return;
    const remedy = `Stop that cluster, or give this one another file. If process ${holder} is something else, remove the file.`;
    throw new ClusterError('ERR_PID_FILE_IN_USE', `pidFile ${this.#file} belongs to process ${holder}. ${remedy}`);
  }

  /** Whoever reads it finds the whole pid, or what was there before. */
  write() {
    this.#check();
    const draft = `${this.#file}.${process.pid}`;
    try {
      fs.writeFileSync(draft, `${process.pid}\n`);
      fs.renameSync(draft, this.#file);
    } catch (cause) {
      fs.rmSync(draft, { force: true });
      throw failed(this.#file, cause);
    }
    this.#isWritten = true;
    process.once('exit', this.#onExit);
  }

  /** Unless it is another process's by now. */
  remove() {
    if (!this.#isWritten) return;
    this.#isWritten = false;
    process.removeListener('exit', this.#onExit);
    try {
      if (read(this.#file) === process.pid) fs.unlinkSync(this.#file);
    } catch {
      // Whoever starts next finds a file of a dead process.
    }
  }
}

/** The pid in it; undefined: there is none. */
function read(file) {
  let text;
  try {
    text = fs.readFileSync(file, 'utf8');
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
  const pid = /^\s*(\d+)\s*$/.exec(text)?.[1];
  return pid && Number(pid) > 0 ? Number(pid) : undefined;
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return !isThread(pid);
  } catch (error) {
    // Somebody else's.
    return error.code === 'EPERM';
  }
}

/** kill(2) finds threads by their numbers, too: in a container, whose numbers are few, it may be one of this process (Linux). */
function isThread(pid) {
  try {
    const [, process] = /^Tgid:\s*(\d+)$/m.exec(fs.readFileSync(`/proc/${pid}/status`, 'latin1'));
    return Number(process) !== pid;
  } catch {
    // No proc(5), or it does not show this one.
    return false;
  }
}

/** Whether the pid is that of a process which began after the file was written, say because the system was started anew (Linux). Where
 *  the clock was set meanwhile that may seem so of the writer too; then its command is most likely this one. */
function isReused(pid, file) {
  try {
    const ownBegin = Date.now() - process.uptime() * 1000;
    const began = ownBegin + (startTicks(pid) - startTicks('self')) * TICK_MS;
    return began > fs.statSync(file).mtimeMs + WRITTEN_AFTER_MS && command(pid) !== command('self');
  } catch {
    // No proc(5), or it does not show this process.
    return false;
  }
}

/** Field 22: the second one, the name, may have spaces and parentheses. */
function startTicks(pid) {
  const stat = fs.readFileSync(`/proc/${pid}/stat`, 'latin1');
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]);
}

const command = (pid) => fs.readFileSync(`/proc/${pid}/cmdline`, 'latin1');

function failed(file, cause) {
  const remedy = 'Name a file in an existing folder that this process may write to.';
  return new ClusterError('ERR_PID_FILE', `pidFile ${file} cannot be written: ${cause.message}. ${remedy}`, { cause });
}

module.exports = { PidFile };
