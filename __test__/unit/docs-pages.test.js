'use strict';
// The site's pages: the same in both languages, and each in the sidebar.

const fs = require('node:fs');
const path = require('node:path');
const { documents } = require('../../scripts/docs/markdown');
const groups = require('../../docs/.vitepress/pages');

const below = (folder) =>
  documents()
    .filter((name) => name.startsWith(folder))
    .map((name) => name.slice(folder.length).replace(/\.md$/, ''));
const listed = groups.flatMap(({ pages }) => pages.map(([page]) => page));

test.each(['docs/en/', 'docs/zh/'])('%s has the pages of the sidebar and the home page', (folder) => {
  expect(below(folder).sort()).toEqual(['index', ...listed].sort());
});

test.each([
  ['en', 1],
  ['zh', 2],
])('the sidebar has the titles of the pages: %s', (language, column) => {
  const titleOf = (page) => {
    const text = fs.readFileSync(path.join(__dirname, '../../docs', language, `${page}.md`), 'utf8');
    return /^# (.+)$/m.exec(text)[1];
  };
  const entries = groups.flatMap(({ pages }) => pages);
  expect(entries.map((entry) => entry[column])).toEqual(listed.map(titleOf));
});
