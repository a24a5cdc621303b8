'use strict';
// docs/en/guide/security.md says which test shows each promise.

const fs = require('node:fs');
const path = require('node:path');

const root = path.join(__dirname, '../..');

/** For each row of the table but the app's: the files that it names. */
function shownBy(name) {
  const rows = fs
    .readFileSync(path.join(root, 'docs', name), 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('| '));
  return rows.slice(2).map((row) =>
    row
      .split(' | ')
      .at(-1)
      .match(/`[^`]+`/g)
      ?.map((file) => file.slice(1, -1)),
  );
}

test('each row names tests that exist, the same in both languages', () => {
  const files = shownBy('en/guide/security.md');
  expect(files.length).toBeGreaterThan(10);
  for (const named of files)
    for (const file of named) expect([file, fs.existsSync(path.join(root, file))]).toEqual([file, true]);
  expect(shownBy('zh/guide/security.md')).toEqual(files);
});
