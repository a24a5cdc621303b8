'use strict';

// How the cluster does over time: memory, descriptors, latency.

const { residentSet } = require('../lib/proc');
const { median, percentile, sum } = require('../lib/statistics');

const SAMPLE_EVERY_MS = 5000;
const MIB = 1024;

class Curve {
  #subject;
  #timer;
  #samples = [];
  #from = Date.now();
  #to;

  constructor(subject) {
    this.#subject = subject;
    this.#timer = setInterval(() => this.#sample(), SAMPLE_EVERY_MS);
    this.#sample();
  }

  #sample() {
    const { process: app } = this.#subject;
    const all = sum(this.#subject.pids().map(residentSet)) / MIB;
    this.#samples.push({ at: Date.now(), app: residentSet(app.pid) / MIB, all, fds: this.#subject.fds() });
  }

  end() {
    clearInterval(this.#timer);
    this.#to = Date.now();
  }

  /**
   * `count` equal parts of the time: `{ minutes (its end), requests, lost, p50, p99 (ms, of those that succeeded), app, all (median of the
   * resident set, MiB), fds (of the app, the most) }`. A request belongs to the part in which it began.
   */
  parts(requests, count) {
    const length = (this.#to - this.#from) / count;
    const partOf = (time) => Math.min(count - 1, Math.floor((time - this.#from) / length));
    const asked = Array.from({ length: count }, () => []);
    for (const request of requests) asked[partOf(request.from)].push(request);
    return asked.map((those, part) => {
      const samples = this.#samples.filter(({ at }) => partOf(at) === part);
      const times = those.filter(({ outcome }) => outcome === 'succeeded').map(({ from, to }) => to - from);
      return {
        minutes: ((part + 1) * length) / 60_000,
        requests: those.length,
        lost: those.length - times.length,
        p50: percentile(times, 0.5),
        p99: percentile(times, 0.99),
        app: median(samples.map(({ app }) => app)),
        all: median(samples.map(({ all }) => all)),
        fds: Math.max(...samples.map(({ fds }) => fds)),
      };
    });
  }
}

module.exports = { Curve };
