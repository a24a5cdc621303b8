'use strict';

// The memory of a process, and whether it stands still, from Linux's /proc.

const fs = require('node:fs');

const SAMPLE_EVERY_MS = 20;

function statusBytes(pid, name) {
  const status = fs.readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)[1]) * 1024;
}

const rss = (pid) => statusBytes(pid, 'VmRSS');

/** The memory of a process from now on. */
class MemoryWatch {
  #pid;
  #timer;

  constructor(pid) {
    this.#pid = pid;
    // 5: VmHWM starts anew from what the process holds now (proc(5)).
    fs.writeFileSync(`/proc/${pid}/clear_refs`, '5');
    this.before = rss(pid);
    this.peak = this.before;
    this.#timer = setInterval(() => this.#sample(), SAMPLE_EVERY_MS);
  }

  #sample() {
    try {
      this.peak = Math.max(this.peak, rss(this.#pid));
    } catch {
      this.stop(); // it is gone; who waits for it hears of it
    }
  }

  stop() {
    clearInterval(this.#timer);
  }

  /** `{ peak, growth, left }` in bytes; `left` is what it still holds more than before. */
  result() {
    // The kernel's own high-water mark sees what fell between two samples.
    const peak = Math.max(this.peak, statusBytes(this.#pid, 'VmHWM'));
    return { peak, growth: peak - this.before, left: rss(this.#pid) - this.before };
  }
}

/** SIGSTOP; returns when the process really stands still: another CPU may go on with it for a moment. */
function stop(pid) {
  process.kill(pid, 'SIGSTOP');
  while (!/^State:\s+T/m.test(fs.readFileSync(`/proc/${pid}/status`, 'utf8')));
}

module.exports = { MemoryWatch, stop };
