'use strict';
// What the page says: the same in both languages, and everything that can happen.

const fs = require('node:fs');
const path = require('node:path');
const format = require('../../page/format');
const { LANGUAGES, describe: told, languageOf, markOf } = require('../../page/texts');

const shape = (value) => {
  if (Array.isArray(value)) return value.map(shape);
  if (value === null || typeof value !== 'object') return typeof value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, shape(inner)]));
};

test('both languages have the same texts', () => {
  const { en, zh } = LANGUAGES;
  // English says a state by its own name.
  expect(shape({ ...zh, states: {} })).toEqual(shape(en));
});

test('every event of the master has words in both', () => {
  const rust = fs.readFileSync(path.join(__dirname, '../../crates/admin/src/history.rs'), 'utf8');
  const [, body] = /\nenum PastKind \{\n([^]+?)\n\}\n/.exec(rust);
  const names = [...body.matchAll(/^ {4}([A-Z]\w+)/gm)].map(([, name]) => name[0].toLowerCase() + name.slice(1));
  expect(names.length).toBeGreaterThan(7);
  for (const { happened } of Object.values(LANGUAGES)) expect(Object.keys(happened).sort()).toEqual([...names].sort());
});

const process = { role: 'worker', slot: 2, pid: 7 };

test.each([
  [
    { type: 'exit', process, expected: false, reason: 'SIGKILL', code: null, signal: 'SIGKILL' },
    'crash',
    'worker 2 (pid 7) exited without being asked: SIGKILL (SIGKILL)',
  ],
  [
    {
      type: 'exit',
      process: { ...process, role: 'alone', slot: null },
      expected: true,
      reason: 'reload',
      code: 0,
      signal: null,
    },
    'exit',
    'alone (pid 7) exited: reload (code 0)',
  ],
  [{ type: 'error', process, name: 'TypeError', message: 'x' }, null, 'worker 2 (pid 7): TypeError: x'],
  [{ type: 'reload' }, 'reload', 'reload began'],
  [{ type: 'reloaded', ok: true, replaced: 2 }, 'reloaded', 'reload done: 2 replaced'],
  [{ type: 'reloaded', ok: false, reason: 'did-not-stay' }, 'failed', 'reload failed: did-not-stay'],
  [{ type: 'scale', from: 1, to: 2 }, 'scale', 'scaled from 1 to 2'],
  [{ type: 'givenUp', slot: 2 }, 'trouble', 'slot 2 is given up for now'],
  [{ type: 'ready' }, null, 'all processes are ready'],
  [{ type: 'later' }, null, 'later'],
])('%j', (event, mark, text) => {
  expect(markOf(event)).toBe(mark);
  expect(told(event, LANGUAGES.en)).toBe(text);
});

test('the first language that there is', () => {
  expect(languageOf(['fr', 'zh-TW', 'en'])).toBe('zh');
  expect(languageOf(['en-GB', 'zh'])).toBe('en');
  expect(languageOf(['toString', 'fr'])).toBe('en');
});

test('numbers', () => {
  expect([0, 1.234, 12.34, 123.4, 12_345, null, undefined, NaN].map(format.number)).toEqual([
    '0',
    '1.23',
    '12.3',
    '123',
    '12.3k',
    '–',
    '–',
    '–',
  ]);
  expect([0, 1023, 1536, 3 * 1024 ** 3].map(format.bytes)).toEqual(['0 B', '1023 B', '1.5 KiB', '3 GiB']);
  const durations = (texts) => [0, 61_000, 3_700_000, 90_000_000].map((ms) => format.duration(ms, texts.units));
  expect(durations(LANGUAGES.en)).toEqual(['0 s', '1 min 1 s', '1 h 1 min', '1 d 1 h']);
  expect(durations(LANGUAGES.zh)).toEqual(['0 秒', '1 分 1 秒', '1 小时 1 分', '1 天 1 小时']);
  expect([format.percent(0.256), format.milliseconds(1.5)]).toEqual(['25.6 %', '1.5 ms']);
});
