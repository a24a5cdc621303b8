'use strict';

const { createColors } = require('picocolors');
const { addressText, banner } = require('../../lib/cli/banner');
const { table } = require('../../lib/cli/table');
const { cut, cutStart, widthOf } = require('../../lib/cli/text');

const plain = createColors(false);
const coloured = createColors(true);

const row = (id, name, type, pid, status, used = {}) => ({ id, name, type, pid, status, ...used });
const MIB = 1024 * 1024;
const rows = [
  row(null, 'app', 'app', 700, 'ready', { uptime: 90_000, restarts: null, cpu: 0.031, memory: 54 * MIB }),
  row('a1', 'alone', 'alone', 701, 'ready', { uptime: 7_200_000, restarts: 0, cpu: 1.5, memory: 48.6 * MIB }),
  row('3', 'worker 1', 'worker', 1702, 'crashed (code 1)', { uptime: null, restarts: 12 }),
];

test('the table', () => {
  expect(table(rows, { width: Infinity, colors: plain })).toEqual([
    '┌────┬──────────┬──────┬──────────────────┬────────┬──────────┬───────┬────────┐',
    '│ id │ name     │ pid  │ status           │ uptime │ restarts │ cpu   │ memory │',
    '├────┼──────────┼──────┼──────────────────┼────────┼──────────┼───────┼────────┤',
    '│ -  │ app      │ 700  │ ready            │ 1 min  │ -        │ 3 %   │ 54 MB  │',
    '│ a1 │ alone    │ 701  │ ready            │ 2 h    │ 0        │ 150 % │ 49 MB  │',
    '│ 3  │ worker 1 │ 1702 │ crashed (code 1) │ -      │ 12       │ -     │ -      │',
    '└────┴──────────┴──────┴──────────────────┴────────┴──────────┴───────┴────────┘',
  ]);
});

test('colours change nothing but the colours', () => {
  const lines = table(rows, { width: Infinity, colors: coloured });
  // eslint-disable-next-line no-control-regex
  expect(lines.map((line) => line.replace(/\x1b\[\d+m/g, ''))).toEqual(table(rows, { width: Infinity, colors: plain }));
  expect(lines[4]).toContain(coloured.green('ready'));
  expect(lines[5]).toContain(coloured.red('crashed (code 1)'));
});

test.each([80, 70, 60, 50, 40, 30, 20, 10, 1])('no line is wider than %i columns', (width) => {
  for (const line of table(rows, { width, colors: plain })) expect(widthOf(line)).toBeLessThanOrEqual(width);
});

test('a status that is too long is shortened', () => {
  const lines = table(rows, { width: 70, colors: plain });
  expect(lines[5]).toBe('│ 3  │ worker 1 │ 1702 │ crash… │ -      │ 12       │ -     │ -      │');
});

test('names in Chinese stay in line', () => {
  const lines = table([row('1', '商店', 'worker', 701, 'ready')], { width: Infinity, colors: plain });
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
  [{ addressType: 4, address: null, port: 3000 }, 'http://localhost:3000/'],
  [{ addressType: 4, address: '0.0.0.0', port: 80 }, 'http://localhost/'],
  [{ addressType: 6, address: '::', port: 443 }, 'https://localhost/'],
  [{ addressType: 4, address: '127.0.0.1', port: 8443 }, 'https://127.0.0.1:8443/'],
  [{ addressType: 6, address: '::1', port: 3000 }, 'http://[::1]:3000/'],
  [{ addressType: 6, address: 'fe80::1%eth0', port: 3000 }, 'http://[fe80::1%25eth0]:3000/'],
  [{ addressType: -1, address: '/tmp/app.sock', port: -1 }, '/tmp/app.sock'],
  [{ addressType: 'udp4', address: null, port: 53 }, 'UDP port 53'],
  [{ addressType: 'udp4', address: '127.0.0.1', port: 53 }, 'UDP port 53 of 127.0.0.1'],
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
    addresses: ['http://localhost:1/', 'http://localhost:2/'],
    watched: [],
  };

  test('tells what runs', () => {
    expect(banner(facts, { width: Infinity, colors: plain })).toEqual([
      'shop is ready in 310 ms',
      'mode        production',
      `runs        2 workers, Node.js ${process.version}, pid 700`,
      'listens on  http://localhost:1/',
      '            http://localhost:2/',
    ]);
  });

  test('leaves out what there is not, tells what is watched', () => {
    const lines = banner(
      { ...facts, workers: 1, addresses: [], configFile: 'cluster.config.js', watched: ['src', 'config'] },
      { width: Infinity, colors: plain },
    );
    expect(lines.slice(2)).toEqual([
      'config      cluster.config.js',
      `runs        1 worker, Node.js ${process.version}, pid 700`,
      'watches     src, config',
    ]);
  });

  test('is no wider than the terminal', () => {
    for (const line of banner(facts, { width: 20, colors: plain })) expect(widthOf(line)).toBeLessThanOrEqual(20);
  });
});
