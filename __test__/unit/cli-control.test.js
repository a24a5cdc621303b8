'use strict';
// What `top` and `ls` make of stats(); the commands themselves: __test__/e2e/cli/control.test.js.

const { createColors } = require('picocolors');
const { grid, sparkline } = require('../../lib/cli/control/grid');
const { Looks, KEPT } = require('../../lib/cli/control/looks');
const { CONTROL_COMMANDS } = require('../../lib/cli/control/names');
const { COMMANDS } = require('../../lib/cli/control/commands');
const { parse } = require('../../lib/cli/control/parse');
const { slotsOf } = require('../../lib/cli/control/processes');
const { widthOf } = require('../../lib/cli/text');

const plain = createColors(false);

const child = (values) => ({
  role: 'worker',
  id: 1,
  slot: 1,
  pid: 701,
  state: 'listening',
  uptime: 1000,
  received: 0,
  sent: 0,
  connections: 0,
  usage: { rss: 50 << 20, cpu: 0, at: 1000 },
  vitals: null,
  ...values,
});
const stats = (...children) => ({
  app: { pid: 700, usage: null, queuedBytes: 0 },
  state: 'running',
  uptime: 1000,
  workers: { waiting: 0 },
  children,
});
const second = (looks, ...values) => values.map((each) => looks.take(stats(child(each))).at(-1)).at(-1);

test('every command is known by its name, and the other way round', () => {
  expect(Object.keys(COMMANDS)).toEqual(CONTROL_COMMANDS);
});

test.each([
  ['scale 3 --pid 7', { name: 'scale', operand: 3, pid: 7 }],
  ['reload --env A=1 --env B=2 --target=all', { name: 'reload', env: { A: '1', B: '2' }, target: 'all' }],
  ['top --json --title=shop', { name: 'top', json: true, title: 'shop' }],
  ['kill --help', { name: 'kill', help: true }],
  ['profile 1 --cpu 2min', { name: 'profile', operand: 1, cpu: 120_000 }],
  ['profile --cpu 3', { name: 'profile', operand: 3, cpu: true }],
  ['profile --heap-sampling=500ms alone', { name: 'profile', operand: 'alone', 'heap-sampling': 500 }],
  [
    'profile 2 --heap --in-place --output a',
    { name: 'profile', operand: 2, heap: true, 'in-place': true, output: 'a' },
  ],
])('%s', (line, typed) => {
  expect(parse(line.split(' '))).toEqual(typed);
});

test('CPU is what was used between the moments at which it was measured, not between the looks', () => {
  const looks = new Looks();
  expect(second(looks, {}).cpu).toBeNull();
  const used = { rss: 1, cpu: 250, at: 2000 };
  expect(second(looks, { usage: used, uptime: 2400 }).cpu).toBe(0.25);
  // Measured no more than once a second.
  expect(second(looks, { usage: used, uptime: 2900 }).cpu).toBe(0.25);
  expect(second(looks, { usage: { rss: 1, cpu: 350, at: 3000 }, uptime: 3400 }).cpu).toBe(0.1);
});

test('messages of both ways, in a second', () => {
  const looks = new Looks();
  expect(second(looks, { received: 10, sent: 5 }).messages).toBeNull();
  expect(second(looks, { received: 20, sent: 15, uptime: 3000 }).messages).toBe(10);
});

test('another process begins anew; what is kept is bounded', () => {
  const looks = new Looks();
  for (let i = 1; i < 3 * KEPT; i += 1) second(looks, { uptime: i * 1000 });
  expect(second(looks, { uptime: 1e6 }).past.connections).toHaveLength(KEPT);
  expect(second(looks, { pid: 702, uptime: 10 })).toMatchObject({ cpu: null, past: { connections: [0] } });
});

test.each([
  [[0, 1, 2, 3, 4, 5, 6, 7, 8], 9, undefined, '▁▂▃▄▅▆▇██'],
  [[0, 0], 4, undefined, '  ▁▁'],
  [[null, 0.5, 1], 3, 1, ' ▅█'],
  [[1, 2, 4], 2, undefined, '▅█'],
  [[], 3, 1, '   '],
])('sparkline of %j', (values, width, full, line) => {
  expect(sparkline(values, width, full)).toBe(line);
});

test.each([200, 120, 80, 60, 20, 5, 1])('no line is wider than %i columns', (width) => {
  const looks = new Looks();
  second(looks, {}, { state: 'draining', uptime: 2000 });
  const rows = looks.take(
    stats(child({ uptime: 3000 }), child({ pid: 1_234_567, id: 2, slot: null, state: 'standby' })),
  );
  const lines = grid(rows, { width, colors: plain });
  expect(lines).toHaveLength(4);
  for (const line of lines) expect(widthOf(line)).toBeLessThanOrEqual(width);
});

test('80 columns have room for a sparkline, a file for none', () => {
  const looks = new Looks();
  const used = { usage: { rss: 50 << 20, cpu: 1000, at: 2000 }, uptime: 2000 };
  second(looks, {}, used);
  const rows = looks.take(stats(child({ usage: { rss: 50 << 20, cpu: 1500, at: 3000 }, uptime: 3000 })));
  expect(grid(rows, { width: 80, colors: plain }).at(-1)).toMatch(/█▅ +50/);
  expect(grid(rows, { width: Infinity, colors: plain }).at(-1)).not.toMatch(/[▁▂▃▄▅▆▇█]/);
});

test('slots: a worker that drains beside its successor is not counted twice', () => {
  const both = [child({}), child({ id: 2, pid: 702, state: 'draining' }), child({ id: 3, slot: 2, state: 'starting' })];
  const standby = child({ id: 4, slot: null, state: 'standby' });
  expect(slotsOf(stats(...both, standby))).toEqual({ ready: 1, total: 2 });
  expect(slotsOf({ ...stats(), workers: { waiting: 2 } })).toEqual({ ready: 0, total: 2 });
});
