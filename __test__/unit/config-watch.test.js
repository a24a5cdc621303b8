'use strict';
// What is watched; what becomes of it: crates/watch, and __test__/e2e/development.

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { watchedPaths } = require('../../lib/config/watch');

let cwd;

beforeEach(() => {
  cwd = fs.mkdtempSync(path.join(os.tmpdir(), 'watch-'));
});

afterEach(() => fs.rmSync(cwd, { recursive: true }));

/** What is watched of this project, by its files. */
function watched(watch, { exec, alone }) {
  for (const file of [exec, alone].filter(Boolean)) {
    fs.mkdirSync(path.dirname(path.join(cwd, file)), { recursive: true });
    fs.writeFileSync(path.join(cwd, file), '');
  }
  const at = (file) => file && path.join(cwd, file);
  return watchedPaths(watch, { cwd, exec: at(exec), alone: at(alone) })?.map((file) => path.relative(cwd, file));
}

test('`exec` and `alone` are asked for, whatever folder they are in', () => {
  const scripts = { exec: 'dist/app.js', alone: 'dist/alone/index.js' };
  expect(watched(['.'], scripts)).toEqual(['', 'dist/app.js', 'dist/alone/index.js']);
  expect(watched('dist', scripts)).toEqual(['dist', 'dist/app.js', 'dist/alone/index.js']);
  expect(watched(['dist/app.js'], { exec: 'dist/app.js' })).toEqual(['dist/app.js']);
});

test('by default: `src`, and the folder of `exec` if that is another one, but not the whole project', () => {
  expect(watched(true, { exec: 'dist/app.js' })).toEqual(['dist', 'dist/app.js']);
  expect(watched(undefined, { exec: 'src/app.js' })).toEqual(['src', 'src/app.js']);
  expect(watched(true, { exec: 'dist/app.js' })).toEqual(['src', 'dist', 'dist/app.js']);
  expect(watched(true, { exec: 'app.js' })).toEqual(['src', 'app.js']);
});

test('nothing, or nothing by this package', () => {
  const scripts = { exec: 'dist/app.js', alone: 'dist/alone/index.js' };
  expect(watched(false, scripts)).toBeUndefined();
  expect(watched([], scripts)).toEqual([]);
});
