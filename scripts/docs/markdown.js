'use strict';
// The project's documents as Markdown: what they link to, their headings, their blocks of code. CommonJS, as jest loads it too.

const fs = require('node:fs');
const path = require('node:path');
const MarkdownIt = require('markdown-it');

const root = path.join(__dirname, '../..');
const parser = new MarkdownIt({ html: true });

function filesBelow(folder) {
  const entries = fs
    .readdirSync(path.join(root, folder), { withFileTypes: true })
    .filter(({ name }) => !name.startsWith('.'));
  return entries.flatMap((entry) => {
    const file = path.posix.join(folder, entry.name);
    return entry.isDirectory() ? filesBelow(file) : [file];
  });
}

/** Every document, relative to the repository. */
function documents() {
  const own = fs.readdirSync(root).filter((name) => name.endsWith('.md'));
  return [...own, ...filesBelow('docs').filter((name) => name.endsWith('.md'))];
}

function read(name) {
  const text = fs.readFileSync(path.join(root, name), 'utf8');
  // VitePress's settings of a page. Their lines stay, so that those below keep their numbers.
  return text.replace(/^---\n[\s\S]*?\n---\n/, (settings) => settings.replace(/.*/g, ''));
}

const parse = (name) => parser.parse(read(name), {});

const inline = (tokens) => tokens.flatMap((token) => token.children ?? []);

/** The tokens of its links. */
const links = (tokens) => inline(tokens).filter((token) => token.type === 'link_open');

/** Where its pictures are. */
const pictures = (tokens) =>
  inline(tokens)
    .filter(({ type }) => type === 'image')
    .map((token) => token.attrGet('src'));

/** A heading's anchor as GitHub makes it, and this site with it: html-pipeline's TableOfContentsFilter. */
const slug = (heading) =>
  heading
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{M}\p{N}\p{Pc}\- ]/gu, '')
    .replaceAll(' ', '-');

/** The anchors of all headings; a second one of the same name is `name-1`. */
function anchors(tokens) {
  const found = new Set();
  tokens.forEach((token, index) => {
    if (token.type !== 'heading_open') return;
    const parts = tokens[index + 1].children.filter(({ type }) => type === 'text' || type === 'code_inline');
    const name = slug(parts.map(({ content }) => content).join(''));
    let anchor = name;
    for (let n = 1; found.has(anchor); n += 1) anchor = `${name}-${n}`;
    found.add(anchor);
  });
  return found;
}

const isRelative = (href) => !/^(?:[a-z][a-z+.-]*:|\/|#)/i.test(href);

/** Where a link of a page of docs/ leads in the repository, if that is not in docs/. */
function outside(page, href) {
  if (!isRelative(href)) return undefined;
  const target = path.posix.join('docs', path.posix.dirname(page), href);
  return target.startsWith('docs/') || target.startsWith('..') ? undefined : target;
}

/** A document's blocks of code: its language, the words after that, the code, and where it begins. */
function blocks(name) {
  return parse(name)
    .filter((token) => token.type === 'fence')
    .map(({ info, content, map }) => {
      const [language = '', ...marks] = info.trim().split(/\s+/);
      return { document: name, line: map[0] + 1, language, marks, code: content };
    });
}

module.exports = { root, documents, read, parse, links, pictures, slug, anchors, isRelative, outside, blocks };
