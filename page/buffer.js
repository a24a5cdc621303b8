'use strict';

// The points of the plots, in bounded memory: the last ten minutes as they came, what is older in steps of ten seconds, then of two
// minutes, for a day. A step keeps the mean and the peak of each value, so that what lasted a second is seen a day later. Pure: the
// time comes with each point, in seconds since 1970.

const TIERS = [
  { step: 1, keep: 600 },
  { step: 10, keep: 720 },
  { step: 120, keep: 720 },
];

/** So many points there are at most. */
const MOST_POINTS = TIERS.reduce((sum, { keep }) => sum + keep, 0);

/** Without a point for so long, by tier, nothing is drawn in between: nobody looked, or the cluster was away. */
const gapOf = (step) => 5 * step;

class PointBuffer {
  #names;
  #tiers = TIERS.map((tier) => ({ ...tier, points: [] }));

  constructor(names) {
    this.#names = names;
  }

  get size() {
    return this.#tiers.reduce((sum, { points }) => sum + points.length, 0);
  }

  /** The time of the newest point; -Infinity if there is none. */
  get last() {
    return this.#tiers[0].points.at(-1)?.time ?? -Infinity;
  }

  /** `values`: a number for each name; null where it is not known. What is not newer than the last point is left out. */
  add(time, values) {
    if (time <= this.last) return;
    const numbers = this.#names.map((name) => values[name] ?? null);
    this.#insert(0, { time, count: 1, means: numbers, peaks: numbers });
  }

  #insert(index, point) {
    const { points, keep } = this.#tiers[index];
    points.push(point);
    if (points.length > keep) this.#age(index + 1, points.shift());
  }

  /** What is too old for a tier becomes part of a step of the next one. */
  #age(index, point) {
    const tier = this.#tiers[index];
    if (tier === undefined) return;
    const start = Math.floor(point.time / tier.step) * tier.step;
    const open = tier.points.at(-1);
    if (open !== undefined && open.start === start) merge(open, point);
    else this.#insert(index, { ...point, start, means: [...point.means], peaks: [...point.peaks] });
  }

  /** `{ times, means: { name: […] }, peaks: { name: […] } }` since a time, with a null where nothing is to be drawn. */
  columns(since = -Infinity) {
    const times = [];
    const rows = [];
    let lastStep = 0;
    for (const { step, points } of [...this.#tiers].reverse()) {
      for (const point of points) {
        if (point.time < since) continue;
        const last = times.at(-1);
        if (point.time - last > gapOf(Math.max(step, lastStep))) {
          times.push((last + point.time) / 2);
          rows.push(null);
        }
        times.push(point.time);
        rows.push(point);
        lastStep = step;
      }
    }
    const column = (field) =>
      Object.fromEntries(
        this.#names.map((name, index) => [name, rows.map((row) => (row === null ? null : row[field][index]))]),
      );
    return { times, means: column('means'), peaks: column('peaks') };
  }
}

/** Takes a point into the one of its step, whose time is that of its first. */
function merge(open, { count, means, peaks }) {
  for (let i = 0; i < means.length; i += 1) {
    if (means[i] === null) continue;
    const before = open.means[i];
    open.means[i] = before === null ? means[i] : (before * open.count + means[i] * count) / (open.count + count);
    open.peaks[i] = open.peaks[i] === null ? peaks[i] : Math.max(open.peaks[i], peaks[i]);
  }
  open.count += count;
}

module.exports = { MOST_POINTS, PointBuffer, TIERS };
