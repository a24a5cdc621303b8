'use strict';
// How log files are read. The command over real clusters: __test__/e2e/cli/logs.test.js.

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { LogTail } = require('../../lib/cli/control/log-tail');

const MIB = 1024 * 1024;
let folder;
let file;

beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'log-tail-'));
  file = path.join(folder, 'app.log');
});

afterEach(() => {
  jest.restoreAllMocks();
  fs.rmSync(folder, { recursive: true });
});

const wholly = (parts) => [...parts].flat();
const written = (text) => {
  fs.writeFileSync(file, text);
  return new LogTail(file, 0);
};
const numbered = (count, length) => Array.from({ length: count }, (_, i) => `${i} `.padEnd(length, '.'));

test.each([0, 1, 2, 15, 299, 300, 301])('the last %i lines', (count) => {
  // Of several chunks; some lines stand in two of them.
  const lines = numbered(300, 1000);
  const tail = written(`${lines.join('\n')}\nunfinished`);
  expect(wholly(tail.last(count))).toEqual(count === 0 ? [] : lines.slice(-count));
  fs.appendFileSync(file, ' no more\nnext\nend');
  expect(wholly(tail.more())).toEqual(['unfinished no more', 'next']);
  expect(wholly(tail.finish())).toEqual(['end']);
});

test('empty lines are lines', () => {
  expect(wholly(written('\n\none\n\n').last(3))).toEqual(['', 'one', '']);
  expect(wholly(written('\n').last(3))).toEqual(['']);
  expect(wholly(written('').last(3))).toEqual([]);
  expect(wholly(written('\n'.repeat(200_000)).more())).toHaveLength(200_000);
});

test('a line that does not end comes in parts, and nothing is copied more than twice', () => {
  const copied = jest.spyOn(Buffer, 'concat');
  // A character that does not stand at a multiple of its length.
  const line = `a${'语'.repeat(2 * MIB)}`;
  const tail = written(line);
  expect(wholly(tail.last(15))).toEqual([]);
  const parts = wholly(tail.more());
  const size = copied.mock.results.reduce((sum, { value }) => sum + value.length, 0);
  expect(size).toBeLessThan(2 * Buffer.byteLength(line));
  fs.appendFileSync(file, '\n');
  const all = [...parts, ...wholly(tail.more())];
  expect(all.join('') === line).toBe(true);
  expect(all.length).toBe(7);
  expect(Math.max(...all.map((part) => Buffer.byteLength(part)))).toBeLessThanOrEqual(MIB);
  expect(wholly(new LogTail(file, 0).last(1)).join('') === line).toBe(true);
});

test('a line of 1 MiB is whole', () => {
  const lines = ['one', 'x'.repeat(MIB), 'two'];
  expect(wholly(written(`${lines.join('\n')}\n`).last(3)).map(({ length }) => length)).toEqual([3, MIB, 3]);
});

test('the output of this process is not read by it', () => {
  const script = `new (require(${JSON.stringify(require.resolve('../../lib/cli/control/log-tail'))}).LogTail)('/dev/stdout', 0)`;
  const stdout = fs.openSync(file, 'w');
  const { stderr } = spawnSync(process.execPath, ['-e', script], { stdio: ['ignore', stdout, 'pipe'] });
  fs.closeSync(stdout);
  expect(String(stderr)).toContain('/dev/stdout is what this command writes to, not a file');
});

test('half a line is not joined to what comes after the file was emptied', () => {
  const tail = written('one\nhal');
  expect(wholly(tail.more())).toEqual(['one']);
  fs.writeFileSync(file, 'new\n');
  expect(wholly(tail.more())).toEqual(['hal', 'new']);
});

test('what has no end is a line in a full file, and not in the one that is still written to', () => {
  fs.writeFileSync(file, 'one\nhalf a line');
  const tail = new LogTail(file, 2);
  wholly(tail.last(15));
  fs.renameSync(file, `${file}.2`);
  fs.writeFileSync(`${file}.1`, 'two\nthe half of it');
  fs.writeFileSync(file, 'three\nfo');
  expect(wholly(tail.more())).toEqual(['half a line', 'two', 'the half of it', 'three']);
  fs.appendFileSync(file, 'ur\n');
  expect(wholly(tail.more())).toEqual(['four']);
  expect(wholly(new LogTail(file, 2).last(5))).toEqual(['half a line', 'two', 'the half of it', 'three', 'four']);
});

test('full files are where a link leads to', () => {
  const link = path.join(folder, 'link.log');
  fs.symlinkSync(file, link);
  fs.writeFileSync(file, 'one\n');
  const tail = new LogTail(link, 5);
  expect(wholly(tail.last(1))).toEqual(['one']);
  // Full twice since: the last one that was read is the second by now.
  fs.renameSync(file, `${file}.2`);
  fs.writeFileSync(`${file}.1`, 'two\n');
  fs.writeFileSync(file, 'three\n');
  expect(wholly(tail.more())).toEqual(['two', 'three']);
  expect(wholly(new LogTail(link, 5).last(3))).toEqual(['one', 'two', 'three']);
});

test('a directory that takes its place', () => {
  const tail = written('one\n');
  fs.renameSync(file, `${file}.old`);
  fs.mkdirSync(file);
  fs.writeFileSync(path.join(file, 'something'), '');
  expect(() => wholly(tail.more())).toThrow(
    expect.objectContaining({ code: 'ERR_OUTPUT_FILE', message: expect.stringContaining(`${file} is a directory`) }),
  );
});
