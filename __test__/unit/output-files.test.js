'use strict';
// `output` as an object, from the configuration and from the command line. What is written: __test__/e2e/output/log-files.test.js.

const path = require('node:path');
const { parse } = require('../../lib/cli/arguments');
const { chosen } = require('../../lib/cli/control/logs');
const { parse: parseControl } = require('../../lib/cli/control/parse');
const { pm2Hint } = require('../../lib/cli/pm2/hints');
const { normalize } = require('../../lib/config');

const outputOf = (output) =>
  normalize({ exec: __filename, mode: 'production', alone: false, cwd: __dirname, output }).output;
const here = (name) => path.join(__dirname, name);

test.each([
  [{ file: 'a.log' }, { file: here('a.log'), keep: 5 }],
  [
    { outFile: '/l/{slot}.log', errorFile: 'e-{instance}', maxSize: '10M', keep: 2 },
    { outFile: '/l/{slot}.log', errorFile: here('e-{instance}'), maxSize: 10 << 20, keep: 2 },
  ],
  [
    { file: 'a.log', maxSize: 4096 },
    { file: here('a.log'), maxSize: 4096, keep: 5 },
  ],
  [
    { file: 'a.log', outFile: undefined, maxSize: false },
    { file: here('a.log'), keep: 5 },
  ],
])('%j', (output, settled) => {
  expect(outputOf(output)).toEqual(settled);
});

test.each([
  [{}],
  [{ file: '' }],
  [{ files: 'a.log' }],
  [{ file: 'a.log', maxsize: 1 }],
  [{ file: 'app-{pid}.log' }],
  [{ file: 'a.log', maxSize: 4095 }],
  [{ file: 'a.log', maxSize: '10 lines' }],
  // Nothing is ever full.
  [{ file: 'a.log', keep: 3 }],
  [{ file: 'a.log', maxSize: '10M', keep: 0 }],
  [{ maxSize: '10M' }],
  [['a.log']],
  ['file'],
])('%j is refused', (output) => {
  expect(() => outputOf(output)).toThrow(
    expect.objectContaining({
      code: 'ERR_CONFIG_INVALID',
      message: expect.stringMatching(/`output` must be 'inherit' or 'prefix' or 'pipe', or \{ file, .* but is /),
    }),
  );
});

test('the options of the command line are one field', () => {
  const typed = (line) => parse(line.split(' ')).config.output;
  expect(typed('app.js --output-file a.log --output-max-size 10M --output-keep 2')).toEqual({
    file: 'a.log',
    maxSize: '10M',
    keep: 2,
  });
  expect(typed('--output-max-size=4096 --output-file=a.log app.js').maxSize).toBe(4096);
  expect(() => typed('--output-file a.log --output prefix app.js')).toThrow(
    'Give either --output-file or --output, not both.',
  );
  expect(() => typed('--output-keep all app.js')).toThrow("--output-keep takes a number, but got 'all'.");
});

test.each([['l'], ['log'], ['o'], ['err-file']])("PM2's -%s is answered", (option) => {
  expect(pm2Hint(option)).toContain('here it is --output-file <path>');
});

test.each([
  ['logs', { name: 'logs' }],
  ['logs -f -n 20 2', { name: 'logs', follow: true, lines: 20, operand: 2 }],
  ['logs alone --json', { name: 'logs', json: true, operand: 'alone' }],
])('%s', (line, typed) => {
  expect(parseControl(line.split(' '))).toEqual(typed);
});

describe('which files are shown', () => {
  const file = (name, role, slot, stream = 'all') => ({ path: name, role, slot, stream });
  const own = [file('1', 'worker', 1), file('2', 'worker', 2), file('alone', 'alone', null)];

  test('all, or those of one process', () => {
    expect(chosen(own)).toEqual(own);
    expect(chosen(own, 2)).toEqual([own[1]]);
    expect(chosen(own, 'alone')).toEqual([own[2]]);
    expect(() => chosen(own, 3)).toThrow('Slot 3 has no log file.');
  });

  test('no line twice', () => {
    const all = file('all', null, null);
    expect(chosen([all, file('errors', null, null, 'stderr')])).toEqual([all]);
    const streams = [file('out', null, null, 'stdout'), file('err', null, null, 'stderr')];
    expect(chosen(streams)).toEqual(streams);
  });

  test('none', () => {
    expect(() => chosen([])).toThrow('This cluster writes no log files.');
    expect(() => chosen([file('all', null, null)], 1)).toThrow('Write {slot} into its name');
  });
});
