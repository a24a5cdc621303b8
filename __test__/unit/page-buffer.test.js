'use strict';
// The page's memory is bounded however long somebody leaves it open: a day with 32 workers goes through it here.

const { MOST_POINTS, PointBuffer } = require('../../page/buffer');
const { MOST_MARKS, Marks } = require('../../page/marks');
const { CpuUse, NAMES, rows, sample, timeOf } = require('../../page/sample');

const STARTED_AT = 1_700_000_000_000;
const DAY = 86_400;

const vitals = (utilization) => ({
  utilization,
  delay: { p50: 1, p99: utilization * 10, max: 12 },
  heapUsed: 1,
  heapTotal: 2,
  external: 0,
});

/** What /stats tells `second` seconds after the start: each worker answers 10 requests a second. */
function statsAt(second, { peaks = {} } = {}) {
  const children = Array.from({ length: 32 }, (_, index) => ({
    role: 'worker',
    id: index + 1,
    slot: index + 1,
    pid: 1000 + index,
    state: 'listening',
    uptime: second * 1000,
    restarts: 0,
    connections: 4,
    usage: { rss: 1000, cpu: second * 100, at: second * 1000 },
    vitals: vitals(index === 7 && peaks[second] ? peaks[second] : 0.25),
  }));
  return {
    startedAt: STARTED_AT,
    uptime: second * 1000,
    now: STARTED_AT + second * 1000,
    state: 'running',
    app: { pid: 1, usage: { rss: 500, cpu: second * 10, at: second * 1000 } },
    children,
    messages: { alone: { received: 0 }, worker: { received: second * 160 } },
    listeners: [{ waiting: 1, queued: null }],
    requests: children.map(({ slot }) => ({ slot, count: second * 10 })),
  };
}

describe('a day of 32 workers', () => {
  const peaks = { 100: 0.9, 40_000: 0.8, 86_000: 0.7 };
  const points = new PointBuffer(NAMES);
  const marks = new Marks();
  let largest = 0;
  let mostMarks = 0;
  beforeAll(() => {
    let before = null;
    for (let second = 1; second <= DAY; second += 1) {
      const stats = statsAt(second, { peaks });
      points.add(timeOf(stats), sample(stats, before));
      before = stats;
      // A crash loop, and a reload each hour.
      marks.add(timeOf(stats), 'crash');
      if (second % 3600 === 0) marks.add(timeOf(stats), 'reload');
      largest = Math.max(largest, points.size);
      mostMarks = Math.max(mostMarks, marks.since().length);
    }
  }, 120_000);

  test('takes a fixed number of points', () => {
    expect(MOST_POINTS).toBeLessThanOrEqual(2100);
    expect(largest).toBeLessThanOrEqual(MOST_POINTS);
    expect(mostMarks).toBeLessThanOrEqual(MOST_MARKS);
  });

  test('is there as a whole, without a gap, in order', () => {
    const { times, means } = points.columns();
    expect(times.at(-1)).toBe(STARTED_AT / 1000 + DAY);
    expect(times[0]).toBeLessThanOrEqual(STARTED_AT / 1000 + 3600);
    expect(times).toEqual([...times].sort((a, b) => a - b));
    expect(means.requests.slice(1).every((value) => Math.abs(value - 320) < 1e-6)).toBe(true);
    expect(means.messages.slice(1).every((value) => Math.abs(value - 160) < 1e-6)).toBe(true);
    expect(new Set(means.connections)).toEqual(new Set([128]));
    expect(new Set(means.workerMemory)).toEqual(new Set([32_000]));
  });

  test.each(Object.entries(peaks))('what lasted a second is seen: second %s', (second, peak) => {
    const { times, peaks: found } = points.columns();
    const time = STARTED_AT / 1000 + Number(second);
    const index = times.findLastIndex((each) => each <= time);
    expect(found.busiest[index]).toBe(peak);
    expect(found.busiest.filter((value) => value > 0.25)).toHaveLength(3);
  });

  test('no mark is lost, and no kind of them', () => {
    const counted = {};
    for (const { kind, count } of marks.since()) counted[kind] = (counted[kind] ?? 0) + count;
    expect(counted).toEqual({ crash: DAY, reload: 24 });
    const times = marks.since().map(({ time }) => time);
    expect(times).toEqual([...times].sort((a, b) => a - b));
    expect(marks.since(times.at(-1) - 10).length).toBeGreaterThanOrEqual(10);
  });
});

test('where nobody looked, no line is drawn', () => {
  const points = new PointBuffer(['requests']);
  for (const time of [1, 2, 3, 60, 61]) points.add(time, { requests: time });
  expect(points.columns()).toMatchObject({
    times: [1, 2, 3, 31.5, 60, 61],
    means: { requests: [1, 2, 3, null, 60, 61] },
  });
  expect(points.columns(60).times).toEqual([60, 61]);
});

test('a clock that stands, and values that are not known', () => {
  const points = new PointBuffer(['requests']);
  points.add(5, {});
  points.add(5, { requests: 1 });
  points.add(4, { requests: 1 });
  expect(points.columns()).toEqual({ times: [5], means: { requests: [null] }, peaks: { requests: [null] } });
});

test('what is merged keeps its mean, its peak, and what is not known', () => {
  const points = new PointBuffer(['a', 'b']);
  // The first ten are one step of ten seconds when 600 newer ones are there.
  for (let time = 0; time < 700; time += 1) points.add(time, { a: time < 10 ? time : 0 });
  const { means, peaks } = points.columns();
  expect([means.a[0], peaks.a[0]]).toEqual([4.5, 9]);
  expect(means.b[0]).toBe(null);
});

test('rates: of the same cluster only', () => {
  const [first, second] = [statsAt(10), statsAt(12)];
  expect(sample(first, null)).toMatchObject({ requests: null, messages: null, connections: 128, waiting: 1 });
  expect(sample(second, first)).toMatchObject({ requests: 320, messages: 160 });
  expect(sample({ ...second, startedAt: STARTED_AT + 1 }, first).requests).toBe(null);
  expect(sample({ ...second, children: [] }, first)).toMatchObject({
    utilization: null,
    slowest: null,
    workerMemory: null,
  });
});

test('workers that stand by are no part of how busy workers are, but of their memory', () => {
  const worker = (state, utilization) => ({
    ...statsAt(10).children.find(({ role }) => role === 'worker'),
    state,
    usage: { rss: 1000, cpu: 0, at: 0 },
    vitals: { utilization, delay: { p50: utilization, p99: 0, max: 0 } },
  });
  const children = [worker('listening', 0.9), worker('draining', 0.5), worker('standby', 0)];
  expect(sample({ ...statsAt(10), children }, null)).toMatchObject({
    utilization: 0.7,
    delay: 0.7,
    workerMemory: 3000,
  });
});

test('CPU is told between two measurements, and stays while there is no new one', () => {
  const cpu = new CpuUse();
  expect(cpu.of(statsAt(1)).get(1000)).toBeUndefined();
  expect(cpu.of(statsAt(2)).get(1000)).toBeCloseTo(0.1);
  expect(cpu.of(statsAt(2)).get(1000)).toBeCloseTo(0.1);
  const [app, ...others] = rows(statsAt(3), cpu.of(statsAt(3)));
  expect(app).toMatchObject({ role: 'app', pid: 1, state: 'running', restarts: null });
  expect(others.map(({ slot }) => slot)).toEqual(Array.from({ length: 32 }, (_, index) => index + 1));
});
