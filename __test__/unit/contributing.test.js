'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { scripts } = require('../../package.json');

const root = path.join(__dirname, '../..');
const read = (file) => fs.readFileSync(path.join(root, file), 'utf8');

describe.each(['CONTRIBUTING.md', 'CONTRIBUTING.zh-CN.md'])('%s', (file) => {
  const text = read(file);

  test('names scripts that there are', () => {
    const named = [...text.matchAll(/`npm run ([\w:-]+)/g)].map(([, script]) => script);
    expect(named).not.toEqual([]);
    expect(Object.keys(scripts)).toEqual(expect.arrayContaining(named));
  });

  test('says what npm test runs, in its order', () => {
    const run = [...read('scripts/test.js').matchAll(/'--silent', '([\w:]+)'/g)].map(([, script]) => script);
    const said = text.split('\n').find((line) => /^`npm test` .*`lint:rust`/.test(line));
    const list = said.slice('`npm test`'.length).match(/`[\w:]+`/g);
    expect(list.map((name) => name.slice(1, -1))).toEqual(run);
  });

  test('says how the hook is turned on', () => {
    expect(text).toContain('`git config core.hooksPath .githooks`');
    expect(fs.statSync(path.join(root, '.githooks/pre-commit')).mode & 0o111).toBe(0o111);
  });
});
