'use strict';

// A profile of this process, which it writes itself (crates/core/src/lifecycle/profiling.rs says who asks for it, and what becomes of it).
// Loaded when one is asked for. An inspector's session within the process needs no port, and opens none.

const fs = require('fs');
const { writeHeapSnapshot } = require('v8');
const { clearTimeout, now, setTimeout } = require('../real-timers');
const { isOpen, report } = require('./channel');
const { takeAtEnd } = require('./draining');

/** For its user's eyes: it holds what the process holds. */
const MODE = 0o600;

/** What the inspector measures for a while: how that begins, and what is written at its end. */
const MEASURED = {
  cpu: {
    begin: (session) => {
      post(session, 'Profiler.enable');
      post(session, 'Profiler.start');
    },
    end: (session) => JSON.stringify(post(session, 'Profiler.stop').profile),
  },
  heapSampling: {
    begin: (session) => {
      post(session, 'HeapProfiler.enable');
      if (isSampled(session)) throw new Fault('busy', 'The heap of this process is being sampled already, by itself.');
      post(session, 'HeapProfiler.startSampling');
    },
    end: (session) => JSON.stringify(post(session, 'HeapProfiler.stopSampling').profile),
  },
};

class Fault extends Error {
  constructor(why, message) {
    super(message);
    this.why = why;
  }
}

/** The one that is under way. */
let current = null;

class Profile {
  #id;
  #kind;
  #duration;
  #file;
  #fd;
  #isMade = false;
  #session;
  #began;
  #timer;
  /** It waits for the end of this process. */
  #isOwed = false;
  #end = () => this.end();

  constructor({ id, kind, duration, file }) {
    this.#id = id;
    this.#kind = kind;
    this.#duration = duration;
    this.#file = file;
  }

  get id() {
    return this.#id;
  }

  /** Before it says that it begins, it has what it needs: nobody is replaced in vain. */
  start(atEnd) {
    this.#attempt(() => {
      this.#open();
      if (MEASURED[this.#kind]) this.#connect();
      report('profiling', { id: this.#id });
      // With its app everybody is gone who waits for it.
      process.on('disconnect', this.#end);
      if (atEnd) this.#owe();
      else this.#begin();
    });
  }

  #open() {
    try {
      this.#fd = fs.openSync(this.#file, 'wx', MODE);
      this.#isMade = true;
    } catch ({ code, message }) {
      const why = code === 'EEXIST' ? `${this.#file} exists. Nothing is overwritten: give another file.` : message;
      throw new Fault('file', why);
    }
  }

  #connect() {
    try {
      const { Session } = require('inspector');
      this.#session = new Session();
      this.#session.connect();
    } catch ({ message }) {
      throw new Fault('unavailable', `This Node.js has no inspector to profile with: ${message}`);
    }
  }

  #owe() {
    this.#isOwed = true;
    takeAtEnd(() => {
      if (current !== this || !this.#isOwed || !isOpen()) return;
      this.#isOwed = false;
      report('snapshotting', { id: this.#id });
      this.#attempt(() => this.#snapshot());
    });
  }

  #begin() {
    this.#began = now();
    if (this.#kind === 'heap') return this.#snapshot();
    if (this.#kind === 'report') return this.#write(diagnosis());
    MEASURED[this.#kind].begin(this.#session);
    // What is measured must not keep alive what would end.
    this.#timer = setTimeout(this.#end, this.#duration).unref();
  }

  /** Its time is over, or somebody has had enough. */
  end() {
    this.#attempt(() => {
      if (this.#isOwed) throw new Fault('cancelled', 'The profile was ended before it had begun.');
      this.#write(MEASURED[this.#kind].end(this.#session));
    });
  }

  /** V8 writes it part by part into the file that is there, while everything stands still. (The inspector's way is not done when its call
   *  returns since Node 22.) */
  #snapshot() {
    this.#began ??= now();
    this.#asFile(() => writeHeapSnapshot(this.#opened()));
    this.#tell();
  }

  /** The file that was made, whatever stands under its name by now; where there is no /proc, under its name. */
  #opened() {
    const descriptor = `/proc/self/fd/${this.#fd}`;
    return fs.existsSync(descriptor) ? descriptor : this.#file;
  }

  #write(text) {
    // At once, so that an end of this process does not come between.
    this.#asFile(() => fs.writeFileSync(this.#fd, text));
    this.#tell();
  }

  #asFile(write) {
    try {
      write();
    } catch ({ message }) {
      throw new Fault('file', `${this.#file} could not be written: ${message}`);
    }
  }

  #tell() {
    const { size, nlink } = fs.fstatSync(this.#fd);
    if (nlink === 0) throw new Fault('file', `${this.#file} was removed before it was written.`);
    this.#close();
    report('profiled', { id: this.#id, size, duration: Math.round(now() - this.#began) });
  }

  #attempt(step) {
    try {
      step();
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Nothing is left of it. Why it failed says more than what fails now. */
  #fail({ why = 'unavailable', message }) {
    for (const step of [() => this.#remove(), () => this.#close()]) {
      try {
        step();
      } catch {
        // The next one is tried nevertheless.
      }
    }
    report('unprofiled', { id: this.#id, why, message });
  }

  #remove() {
    if (this.#isMade && this.#isUnderItsName()) fs.rmSync(this.#file);
  }

  /** Somebody may have put another one there. */
  #isUnderItsName() {
    const [made, found] = [fs.fstatSync(this.#fd), fs.lstatSync(this.#file, { throwIfNoEntry: false })];
    return made.dev === found?.dev && made.ino === found.ino;
  }

  #close() {
    current = null;
    clearTimeout(this.#timer);
    process.off('disconnect', this.#end);
    this.#session?.disconnect();
    const fd = this.#fd;
    this.#fd = undefined;
    if (fd !== undefined) fs.closeSync(fd);
  }
}

/** V8 has one sampling of the heap for all (`--heap-prof` is one as well): who begins another shares it, and ends it for both. */
function isSampled(session) {
  try {
    post(session, 'HeapProfiler.getSamplingProfile');
    return true;
  } catch {
    return false;
  }
}

/** In its own process a session answers before post() returns. */
function post(session, method) {
  let answer;
  let failure;
  session.post(method, (error, result) => {
    failure = error;
    answer = result;
  });
  if (failure) throw new Fault('busy', `${method}: ${failure.message}. Is another profiler at work in this process?`);
  return answer;
}

/** Without the names of the other ends of its connections, which a resolver is asked for one by one (process.report.excludeNetwork,
 *  Node 20.13 and 22). */
function diagnosis() {
  const { report: reporter } = process;
  const before = reporter.excludeNetwork;
  try {
    if (before !== undefined) reporter.excludeNetwork = true;
    return JSON.stringify(reporter.getReport(), null, 2);
  } finally {
    if (before !== undefined) reporter.excludeNetwork = before;
  }
}

function start({ until, atEnd, ...order }) {
  // Nobody waits for it any more: this process was busy.
  if (until !== null && now() > until) return;
  if (current) {
    report('unprofiled', { id: order.id, why: 'busy', message: 'This process is still at another profile.' });
    return;
  }
  current = new Profile(order);
  current.start(atEnd);
}

function end(id) {
  if (current?.id === id) current.end();
}

module.exports = { start, end };
