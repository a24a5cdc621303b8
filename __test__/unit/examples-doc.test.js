'use strict';
// docs/en/guide/examples.md lists the examples, and each says itself how it is run.

const fs = require('node:fs');
const path = require('node:path');

const root = path.join(__dirname, '../..');
const examples = fs.readdirSync(path.join(root, 'examples'));
/** Those that have no start.js of this kind, and say it elsewhere. */
const OTHERS = ['systemd', 'typescript'];

/** The first cell of each row, without those of the heads. */
function listed(document) {
  const text = fs.readFileSync(path.join(root, 'docs', document), 'utf8');
  return [...text.matchAll(/^\| `([\w.-]+)` \|/gm)].map(([, name]) => name);
}

test.each(['en', 'zh'])('%s: all examples, in the same order', (language) => {
  const names = listed(`${language}/guide/examples.md`);
  expect([...names].sort()).toEqual(examples.sort());
  expect(names).toEqual(listed('en/guide/examples.md'));
});

test.each(examples.filter((name) => !OTHERS.includes(name)))('%s says what it shows and how to run it', (name) => {
  const lines = fs.readFileSync(path.join(root, 'examples', name, 'start.js'), 'utf8').split('\n');
  expect(lines[0]).toBe("'use strict';");
  expect(lines[1]).toMatch(/^\/\/ .+\.$/);
  expect(lines[2]).toMatch(/^\/\/ Run it in this folder: NODE_ENV=production (DATABASE_URL=\S+ )?node start\.js/);
});
