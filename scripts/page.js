'use strict';
// Part of `npm run build`: makes of page/ and uPlot the one file that the master serves at `/` of the admin address, page.html.gz.

const crypto = require('node:crypto');
const fs = require('node:fs');
const path = require('node:path');
const zlib = require('node:zlib');

const root = path.join(__dirname, '..');
const target = path.join(root, 'page.html.gz');

const read = (...names) => fs.readFileSync(path.join(root, ...names), 'utf8');

/** uPlot with its licence, which has to come along. */
function uplot(file) {
  return `/*!\nuPlot\n\n${read('node_modules/uplot/LICENSE')}*/\n${read('node_modules/uplot/dist', file)}`;
}

/** The modules of page/, each in a function of its own, as Node has it. */
function bundle(entry) {
  const modules = new Map();
  const add = (name) => {
    if (modules.has(name)) return;
    const text = read('page', `${name}.js`);
    modules.set(name, '');
    for (const [, wanted] of text.matchAll(/require\('\.\/([\w-]+)'\)/g)) add(wanted);
    modules.set(name, text);
  };
  add(entry);
  const functions = [...modules].map(([name, text]) => `'./${name}': (require, module) => {\n${text}},\n`);
  return `{
const files = {
${functions.join('')}};
const made = {};
const require = (name) => {
  if (!made[name]) files[name](require, (made[name] = { exports: {} }));
  return made[name].exports;
};
require('./${entry}');
}
`;
}

const hash = (text) => `'sha256-${crypto.createHash('sha256').update(text).digest('base64')}'`;

function page() {
  const style = `${uplot('uPlot.min.css')}\n${read('page/style.css')}`;
  const script = `${uplot('uPlot.iife.min.js')}\n${bundle('main')}`;
  for (const text of [style, script]) {
    if (/<\/(script|style)|<!--/i.test(text))
      throw new Error('page: something in it would end the element that it is in');
  }
  const policy = [
    "default-src 'none'",
    `script-src ${hash(script)}`,
    `style-src ${hash(style)}`,
    "connect-src 'self'",
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
  return read('page/index.html')
    .replace('{{policy}}', () => policy)
    .replace('<style></style>', () => `<style>${style}</style>`)
    .replace('<script></script>', () => `<script>${script}</script>`);
}

if (require.main === module) fs.writeFileSync(target, zlib.gzipSync(page(), { level: 9 }));

module.exports = { page, target };
