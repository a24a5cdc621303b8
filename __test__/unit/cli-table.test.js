'use strict';

const { createColors } = require('picocolors');
const { addressText, banner } = require('../../lib/cli/banner');
const { table } = require('../../lib/cli/table');
const { cut, cutStart, widthOf } = require('../../lib/cli/text');

const plain = createColors(false);
const coloured = createColors(true);

const row = (id, name, type, pid, status, readyAfter) => ({ id, name, type, pid, status, readyAfter });
const rows = [
  row(null, 'shop:app', 'app', 700, 'ready', 1234),
  row(1, 'shop:worker:1', 'worker', 701, 'ready', 87),
  row(3, 'shop:worker:2', 'worker', 1702, 'crashed (code 1)', null),
];

test('the table', () => {
  expect(table(rows, { width: Infinity, colors: plain })).toEqual([
    '┌────┬───────────────┬────────┬──────┬──────────────────┬──────────┐',
    '│ id │ name          │ type   │ pid  │ status           │ ready in │',
    '├────┼───────────────┼────────┼──────┼──────────────────┼──────────┤',
    '│ -  │ shop:app      │ app    │ 700  │ ready            │ 1.2 s    │',
    '│ 1  │ shop:worker:1 │ worker │ 701  │ ready            │ 87 ms    │',
    '│ 3  │ shop:worker:2 │ worker │ 1702 │ crashed (code 1) │ -        │',
    '└────┴───────────────┴────────┴──────┴──────────────────┴──────────┘',
  ]);
});

test('colours change nothing but the colours', () => {
  const lines = table(rows, { width: Infinity, colors: coloured });
  // eslint-disable-next-line no-control-regex
  expect(lines.map((line) => line.replace(/\x1b\[\d+m/g, ''))).toEqual(table(rows, { width: Infinity, colors: plain }));
  expect(lines[4]).toContain(coloured.green('ready'));
  expect(lines[5]).toContain(coloured.red('crashed (code 1)'));
});

test.each([66, 60, 50, 40, 30, 20, 10, 1])('no line is wider than %i columns', (width) => {
  for (const line of table(rows, { width, colors: plain })) expect(widthOf(line)).toBeLessThanOrEqual(width);
});

test('a name that is too long is shortened first, and keeps its end', () => {
  const lines = table(rows, { width: 66, colors: plain });
  expect(lines[4]).toContain('│ …p:worker:1 │ worker │ 701  │ ready ');
});

test('names in Chinese stay in line', () => {
  const lines = table([row(1, '商店:worker:1', 'worker', 701, 'ready', 87)], { width: Infinity, colors: plain });
  expect(new Set(lines.map(widthOf)).size).toBe(1);
});

test.each([
  ['short', 5, 'short', 'short'],
  ['longer', 5, 'long…', '…nger'],
  ['商店商店', 5, '商店…', '…商店'],
  ['x', 0, '', ''],
])('cut %s to %i', (text, width, end, start) => {
  expect([cut(text, width), cutStart(text, width)]).toEqual([end, start]);
});

test.each([
  [{ addressType: 4, address: null, port: 3000 }, 'port 3000'],
  [{ addressType: 4, address: '127.0.0.1', port: 3000 }, 'port 3000 of 127.0.0.1'],
  [{ addressType: -1, address: '/tmp/app.sock', port: -1 }, '/tmp/app.sock'],
  [{ addressType: 'udp4', address: null, port: 53 }, 'UDP port 53'],
  [{ addressType: 4, port: -1, fd: 3 }, 'fd 3'],
])('%j is %s', (address, text) => {
  expect(addressText(address)).toBe(text);
});

describe('the banner', () => {
  const facts = {
    title: 'shop',
    mode: 'production',
    workers: 2,
    pid: 700,
    readyAfter: 310,
    addresses: ['port 1', 'port 2'],
    watched: [],
  };

  test('tells what runs', () => {
    expect(banner(facts, { width: Infinity, colors: plain })).toEqual([
      'shop is ready in 310 ms',
      'mode        production',
      `runs        2 workers, Node.js ${process.version}, pid 700`,
      'listens on  port 1, port 2',
    ]);
  });

  test('leaves out what there is not, tells what is watched', () => {
    const lines = banner(
      { ...facts, workers: 1, addresses: [], watched: ['src', 'config'] },
      { width: Infinity, colors: plain },
    );
    expect(lines.slice(2)).toEqual([
      `runs        1 worker, Node.js ${process.version}, pid 700`,
      'watches     src, config',
    ]);
  });

  test('is no wider than the terminal', () => {
    for (const line of banner(facts, { width: 20, colors: plain })) expect(widthOf(line)).toBeLessThanOrEqual(20);
  });
});
