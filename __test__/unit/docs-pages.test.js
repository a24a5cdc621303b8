'use strict';
// The site's pages: the same in both languages, and each in the sidebar.

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
