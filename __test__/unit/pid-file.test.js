'use strict';

const { execFileSync, spawn } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { PidFile } = require('../../lib/cluster/pid-file');
const { folder, removeFolders } = require('./support/folder');

afterAll(removeFolders);

/** Of a process that has ended. */
const dead = Number(execFileSync(process.execPath, ['-p', 'process.pid'], { encoding: 'utf8' }));
const own = `${process.pid}\n`;

/** A file that holds `text`. */
const holding = (text) => path.join(folder({ 'app.pid': text }), 'app.pid');
const absent = () => path.join(folder({}), 'app.pid');
const read = (file) => fs.readFileSync(file, 'utf8');

test('it is there from write() to remove(), and nothing else is left', () => {
  const file = absent();
  const pidFile = new PidFile(file);
  pidFile.remove();
  expect(fs.existsSync(file)).toBe(false);
  pidFile.write();
  expect(read(file)).toBe(own);
  expect(fs.readdirSync(path.dirname(file))).toEqual(['app.pid']);
  pidFile.remove();
  expect(fs.readdirSync(path.dirname(file))).toEqual([]);
});

(process.platform === 'linux' ? test : test.skip)(
  "that of a number which only a thread has, one of this process's, say, is overwritten",
  () => {
    const thread = fs.readdirSync('/proc/self/task').find((number) => Number(number) !== process.pid);
    const file = holding(`${thread}\n`);
    new PidFile(file).write();
    expect(read(file)).toBe(own);
  },
);

test.each([
  ['a dead process', `${dead}\n`],
  ['an earlier process with the same pid, as in a container', own],
  ['nobody', ''],
  ['no pid', 'some text'],
])('that of %s is overwritten', (_whose, text) => {
  const file = holding(text);
  new PidFile(file).write();
  expect(read(file)).toBe(own);
});

test('that of a process that is alive is left alone, also when it comes only now', () => {
  const inUse = (file) =>
    expect.objectContaining({ code: 'ERR_PID_FILE_IN_USE', message: expect.stringContaining(file) });
  const file = holding(`${process.ppid}\n`);
  expect(() => new PidFile(file)).toThrow(inUse(file));
  const later = absent();
  const pidFile = new PidFile(later);
  fs.writeFileSync(later, '1\n');
  expect(() => pidFile.write()).toThrow(inUse(later));
  pidFile.remove();
  expect([read(file), read(later)]).toEqual([`${process.ppid}\n`, '1\n']);
});

const onLinux = process.platform === 'linux' ? test : test.skip;

onLinux('that of a process that began after it was written is overwritten: the pid was given anew', () => {
  const file = holding(`${process.ppid}\n`);
  const later = spawn('sleep', ['60']);
  try {
    fs.writeFileSync(file, `${later.pid}\n`);
    expect(() => new PidFile(file)).toThrow(expect.objectContaining({ code: 'ERR_PID_FILE_IN_USE' }));
    const lastBoot = new Date(Date.now() - 3_600_000);
    fs.utimesSync(file, lastBoot, lastBoot);
    new PidFile(file).write();
    expect(read(file)).toBe(own);
  } finally {
    later.kill();
  }
});

test('one that has become that of another process stays', () => {
  const file = absent();
  const pidFile = new PidFile(file);
  pidFile.write();
  fs.writeFileSync(file, '1\n');
  pidFile.remove();
  expect(read(file)).toBe('1\n');
});

test.each([
  ['in a folder that is not there', () => path.join(absent(), 'app.pid')],
  ['that is a folder', () => path.dirname(absent())],
])('one %s cannot be written, which is told at once', (_where, file) => {
  const name = file();
  const error = { code: 'ERR_PID_FILE', message: expect.stringContaining(`pidFile ${name} cannot be written`) };
  expect(() => new PidFile(name)).toThrow(expect.objectContaining(error));
});

test('one that cannot be written any more leaves nothing behind', () => {
  const file = absent();
  const pidFile = new PidFile(file);
  fs.mkdirSync(file);
  fs.writeFileSync(path.join(file, 'inside'), '');
  expect(() => pidFile.write()).toThrow(expect.objectContaining({ code: 'ERR_PID_FILE' }));
  expect(fs.readdirSync(path.dirname(file))).toEqual(['app.pid']);
});

test('where the path leads by a link is decided once', () => {
  const [one, other] = [folder({}), folder({})];
  const current = path.join(folder({}), 'current');
  fs.symlinkSync(one, current);
  const pidFile = new PidFile(path.join(current, 'app.pid'));
  pidFile.write();
  fs.unlinkSync(current);
  fs.symlinkSync(other, current);
  pidFile.remove();
  expect(fs.readdirSync(one)).toEqual([]);
});
