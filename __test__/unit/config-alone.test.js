'use strict';
// `alone` and `aloneConfig`.

const fs = require('node:fs');
const path = require('node:path');
const { normalize } = require('../../lib/config');
const { refusal, warnings } = require('./support/config-outcomes');
const { folder, removeFolders } = require('./support/folder');

afterAll(removeFolders);

const cwd = folder({
  'app.js': '',
  'jobs/a.js': '',
  'nothing/readme.md': '',
  'nothing/.hidden.js': '',
  'nothing/types.d.ts': '',
});
const minimal = { exec: './app.js', cwd, mode: 'production', alone: false };
const file = (name) => path.join(cwd, name);

describe('alone', () => {
  test.each([
    ['app.js', 'app.js'],
    ['app', 'app.js'],
    ['jobs', 'jobs'],
  ])('%s', (alone, found) => {
    expect(normalize({ ...minimal, alone }).alone).toBe(file(found));
  });

  test.each(['missing', 'nothing'])('%s is refused', (alone) => {
    const error = refusal({ ...minimal, alone });
    expect(error.code).toBe('ERR_CONFIG_INVALID');
    expect(error.message).toContain('`alone`');
    expect(error.message).toContain(file(alone));
  });

  test.each([
    ['development', ['src/alone', 'build/alone'], 'src/alone'],
    ['production', ['src/alone', 'build/alone', 'dist/alone'], 'build/alone'],
    ['production', ['src/alone', 'dist/alone'], 'dist/alone'],
    ['production', ['src/alone'], undefined],
    ['development', ['dist/alone'], undefined],
  ])('not given, in %s with %j: %s', (mode, present, chosen) => {
    const root = folder({ 'app.js': '', ...Object.fromEntries(present.map((name) => [`${name}/a.js`, ''])) });
    const { alone } = normalize({ exec: 'app.js', cwd: root, mode });
    expect(alone).toBe(chosen && path.join(root, chosen));
  });

  test.each([
    [{}, 1],
    [{ alone: false }, 0],
    [{ alone: 'src/alone' }, 0],
    [{ enable: false }, 0],
    [{ mode: 'development' }, 0],
  ])('only src/alone is there in production, with %j: %i warning', (config, count) => {
    const root = folder({ 'app.js': '', 'src/alone/a.js': '' });
    const told = warnings({ exec: 'app.js', cwd: root, mode: 'production', ...config });
    const remedy = expect.stringContaining("`alone: 'src/alone'`");
    expect(told).toEqual(
      Array(count).fill(expect.objectContaining({ code: 'CLUSTER_ALONE_NOT_BUILT', message: remedy })),
    );
  });

  test('a link in the folder that leads nowhere is no script', () => {
    const root = folder({ 'app.js': '', 'jobs/a.js': '' });
    fs.symlinkSync('gone.js', path.join(root, 'jobs/b.js'));
    expect(normalize({ exec: 'app.js', cwd: root, alone: 'jobs' }).alone).toBe(path.join(root, 'jobs'));
  });

  test('not given, and the folder holds no script: none', () => {
    const root = folder({ 'app.js': '', 'src/alone/.gitkeep': '' });
    expect(normalize({ exec: 'app.js', cwd: root, mode: 'development' }).alone).toBeUndefined();
  });
});

describe('aloneConfig', () => {
  const withAlone = { ...minimal, alone: 'jobs' };

  test('the configuration itself by default', () => {
    expect(normalize({ ...withAlone, env: { A: undefined, B: '1' } }).aloneConfig).toEqual({
      ...withAlone,
      env: { B: '1' },
    });
  });

  test('the configuration without its logger', () => {
    const { aloneConfig } = normalize({ ...withAlone, logger: console });
    expect(aloneConfig).toEqual(withAlone);
  });

  test('what is given, also null and false', () => {
    for (const aloneConfig of [{ a: [1, { b: 2 }] }, null, false, 'text']) {
      expect(normalize({ ...withAlone, aloneConfig }).aloneConfig).toEqual(aloneConfig);
    }
  });

  test.each([
    ['too large', 'x'.repeat(96 * 1024)],
    ['a function', () => {}],
    ['a bigint', { a: 1n }],
  ])('%s is refused', (_what, aloneConfig) => {
    const { code, message } = refusal({ ...withAlone, aloneConfig });
    expect(code).toBe('ERR_CONFIG_INVALID');
    expect(message).toContain('`aloneConfig`');
  });

  test('the largest that fits in one environment variable', () => {
    const aloneConfig = 'x'.repeat(96 * 1024 - 2);
    expect(normalize({ ...withAlone, aloneConfig }).aloneConfig).toBe(aloneConfig);
  });
});
