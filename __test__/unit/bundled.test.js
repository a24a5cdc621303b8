'use strict';
// Who starts from the bundles of a packed package, and who from its files.

const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { folder, removeFolders } = require('./support/folder');

afterAll(removeFolders);

const source = fs.readFileSync(path.join(__dirname, '../../lib/native/bundled.js'), 'utf8');
const PACKED = {
  'lib/native/bundled.js': source,
  'lib/errors.js': '',
  'lib/bundle/app.cjs': '',
  'lib/bundle/preload.cjs': '',
};
const SAY = `const { takesBundle, PRELOAD } = require('./lib/native/bundled');
  console.log(JSON.stringify([takesBundle(), require('path').relative(process.cwd(), PRELOAD)]));`;

const said = (files, code = '') =>
  JSON.parse(execFileSync(process.execPath, ['-e', `${code}\n${SAY}`], { cwd: folder(files), encoding: 'utf8' }));

test('a packed package starts from its bundles', () => {
  expect(said(PACKED)).toEqual([true, 'lib/bundle/preload.cjs']);
});

test('a clone starts from its source, also where packing has left bundles behind', () => {
  expect(said({ ...PACKED, 'scripts/prepare.js': '' })).toEqual([false, 'lib/preload/index.js']);
  expect(said({ 'lib/native/bundled.js': source })).toEqual([false, 'lib/preload/index.js']);
});

test('where files of it are in use already no bundle comes beside them', () => {
  expect(said(PACKED, "require('./lib/errors');")).toEqual([false, 'lib/bundle/preload.cjs']);
});

test("the app's is not loaded into a module system of another: this is jest's", () => {
  const { takesBundle, PRELOAD } = require(path.join(folder(PACKED), 'lib/native/bundled.js'));
  expect(takesBundle()).toBe(false);
  expect(path.basename(PRELOAD)).toBe('preload.cjs');
});
