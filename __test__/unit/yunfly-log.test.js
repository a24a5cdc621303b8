'use strict';
// What yunfly's users see.

const { createColors } = require('picocolors');
const { openLog, time } = require('../../lib/yunfly/log');
const { rowsOf, table } = require('../../lib/yunfly/table');
const { CHINESE, ENGLISH, wordsFor } = require('../../lib/yunfly/words');

test.each([
  [{}, ENGLISH],
  [{ LANG: 'en_US.UTF-8' }, ENGLISH],
  [{ LANG: 'zh_CN.UTF-8' }, CHINESE],
  [{ LC_ALL: '', LC_MESSAGES: 'zh_TW', LANG: 'C' }, CHINESE],
  [{ LC_ALL: 'C', LANG: 'zh_CN.UTF-8' }, ENGLISH],
])('%o', (env, words) => {
  expect(wordsFor(env)).toBe(words);
});

test('both languages say the same facts', () => {
  const names = Object.keys(ENGLISH);
  expect(Object.keys(CHINESE)).toEqual(names);
  const said = (text) => {
    const asked = new Set();
    text(new Proxy({}, { get: (_, name) => asked.add(name) && (name === 'workers' ? [] : '') }));
    return [...asked].sort();
  };
  for (const name of names) expect([name, said(CHINESE[name])]).toEqual([name, said(ENGLISH[name])]);
});

test('the time', () => {
  expect(time(new Date(2026, 0, 2, 3, 4, 5))).toBe('2026-01-02 03:04:05');
});

test('a logger gets the lines; the table is for the eye', () => {
  const lines = [];
  const logger = Object.fromEntries(
    ['error', 'warn', 'info', 'debug'].map((level) => [level, (text) => lines.push([level, text])]),
  );
  const log = openLog({ logger, title: 'shop' });
  log.warn('signal', { pid: 1, signal: 'SIGTERM' });
  log.show(['table']);
  expect(lines).toEqual([['warn', expect.stringMatching(/^shop: \[app 1\] .*SIGTERM/)]]);
});

test.each([
  ['json', ['info', 'warn']],
  ['json,warn', ['warn']],
])('YUNFLY_LOG=%s', (value, levels) => {
  const { YUNFLY_LOG: before } = process.env;
  const lines = [];
  const write = jest.spyOn(process.stderr, 'write').mockImplementation((text, done) => {
    lines.push(JSON.parse(text).level);
    done();
  });
  process.env.YUNFLY_LOG = value;
  try {
    const log = openLog({ title: 'shop' });
    log.info('closes', { pid: 1 });
    log.warn('signal', { pid: 1, signal: 'SIGTERM' });
  } finally {
    delete process.env.YUNFLY_LOG;
    if (before !== undefined) process.env.YUNFLY_LOG = before;
    write.mockRestore();
  }
  expect(lines).toEqual(levels.map((level) => level.toUpperCase()));
});

test('the table', () => {
  const worker = (id, state) => ({ id, pid: 100 + id, state });
  const cluster = {
    alone: { id: 1, pid: 100, state: 'ready' },
    workers: new Map([
      [1, worker(1, 'draining')],
      [2, worker(2, 'listening')],
    ]),
  };
  const rows = rowsOf(cluster, {
    title: '商店',
    version: '1.0.0',
    durationOf: ({ pid }) => (pid === 100 ? '0.1s' : '-'),
  });
  expect(table(rows, createColors(false))).toEqual([
    '┌────┬──────┬────────┬─────────┬──────────┬─────────┬─────┬───────────┐',
    '│ id │ name │ type   │ version │ duration │ mode    │ pid │ status    │',
    '├────┼──────┼────────┼─────────┼──────────┼─────────┼─────┼───────────┤',
    '│ 1  │ 商店 │ alone  │ 1.0.0   │ 0.1s     │ fork    │ 100 │ ready     │',
    '│ 2  │ 商店 │ worker │ 1.0.0   │ -        │ cluster │ 102 │ listening │',
    '└────┴──────┴────────┴─────────┴──────────┴─────────┴─────┴───────────┘',
  ]);
});
