'use strict';
// `npm run docs:reference`: writes docs/en/reference from index.d.ts and lib/types.

const fs = require('node:fs');
const path = require('node:path');
const { declarations } = require('./reference/declarations');

const folder = path.join(__dirname, '../../docs/en/reference');
const NAMES = ['configuration', 'events', 'errors', 'api'];
const NOTE = '<!-- Written by `npm run docs:reference` from index.d.ts and lib/types: change these. -->';

/** `{ name: text }` of each page. */
function pages() {
  const all = declarations();
  const text = (name) => [NOTE, ...require(`./reference/${name}`)(all)].filter(Boolean).join('\n\n');
  return Object.fromEntries(NAMES.map((name) => [`${name}.md`, `${text(name)}\n`]));
}

module.exports = { folder, pages };

if (require.main === module) {
  fs.mkdirSync(folder, { recursive: true });
  for (const [name, text] of Object.entries(pages())) fs.writeFileSync(path.join(folder, name), text);
}
