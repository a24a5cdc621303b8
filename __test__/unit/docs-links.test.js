'use strict';
// What VitePress doesn't look at: links of the documents outside of docs/, links that leave it, and anchors.

const fs = require('node:fs');
const path = require('node:path');
const { anchors, documents, isRelative, links, parse, pictures, root, slug } = require('../../scripts/docs/markdown');

const names = documents();
const parsed = new Map();

/** `{ tokens, anchors }` of a document. */
function page(name) {
  if (!parsed.has(name)) {
    const tokens = parse(name);
    parsed.set(name, { tokens, anchors: anchors(tokens) });
  }
  return parsed.get(name);
}

/** Why this link leads nowhere; undefined if it leads somewhere. */
function fault(name, encoded) {
  if (encoded === '') return 'a link without a target';
  const href = decodeURI(encoded);
  const [file, anchor] = href.split('#');
  const target = file === '' ? name : path.posix.join(path.posix.dirname(name), file);
  if (!fs.existsSync(path.join(root, target))) return `${href}: there is no ${target}`;
  if (anchor === undefined || !target.endsWith('.md') || page(target).anchors.has(anchor)) return undefined;
  return `${href}: ${target} has no heading for it`;
}

test('there are documents', () => {
  expect(names).toEqual(
    expect.arrayContaining(['README.md', 'README.zh-CN.md', 'ARCHITECTURE.md', 'CHANGELOG.md', 'docs/benchmarks.md']),
  );
});

test.each(names)('%s: each relative link leads to a file, and to a heading of it', (name) => {
  const hrefs = links(page(name).tokens).map((link) => link.attrGet('href'));
  const relative = hrefs.filter((href) => isRelative(href) || href.startsWith('#'));
  expect(relative.map((href) => fault(name, href)).filter(Boolean)).toEqual([]);
});

test.each(names)('%s: its pictures are there', (name) => {
  const missing = pictures(page(name).tokens).filter((source) => isRelative(source) && fault(name, source));
  expect(missing).toEqual([]);
});

test('anchors are as on GitHub, of Chinese headings too', () => {
  expect(slug('reload() 与 scale()：不停机更新')).toBe('reload-与-scale不停机更新');
  expect(slug('What happens to your handlers?')).toBe('what-happens-to-your-handlers');
});
