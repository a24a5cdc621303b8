'use strict';
// The file that scripts/page.js makes of page/ and uPlot.

const crypto = require('node:crypto');
const fs = require('node:fs');
const path = require('node:path');
const zlib = require('node:zlib');
const { page, target } = require('../../scripts/page');

const html = page();
const inside = (name) => new RegExp(`<${name}>([^]*?)</${name}>`).exec(html)[1];
const [, policy] = /^<!-- Content-Security-Policy: (.+) -->$/m.exec(html);

test('is what was built last', () => {
  expect(zlib.gunzipSync(fs.readFileSync(target)).toString()).toBe(html);
});

test('its policy lets run what is in it, by its hash, and nothing else', () => {
  for (const name of ['script', 'style']) {
    const hash = crypto.createHash('sha256').update(inside(name)).digest('base64');
    expect(policy).toContain(`${name}-src 'sha256-${hash}'`);
  }
  expect(policy).toMatch(/^default-src 'none'; /);
  expect(policy).not.toMatch(/unsafe|\*|https?:/);
});

test('loads nothing from elsewhere', () => {
  expect(html).not.toMatch(/\b(?:src|href)="(?!data:)/);
  expect(html).not.toMatch(/\son\w+="/);
  expect(html.match(/@import|url\(/g)).toBe(null);
});

test("has uPlot's licence", () => {
  const licence = fs.readFileSync(path.join(__dirname, '../../node_modules/uplot/LICENSE'), 'utf8');
  expect(html.split(licence)).toHaveLength(3);
});

test('never makes HTML of text', () => {
  for (const name of fs.readdirSync(path.join(__dirname, '../../page')).filter((file) => file.endsWith('.js'))) {
    const text = fs.readFileSync(path.join(__dirname, '../../page', name), 'utf8');
    expect(text).not.toMatch(/innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function/);
  }
});
