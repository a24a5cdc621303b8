'use strict';
// docs/*/reference: the English pages are what the declarations make them, and the Chinese ones leave out nothing.

const fs = require('node:fs');
const path = require('node:path');
const { pages } = require('../../scripts/docs/reference');
const { declarations, members } = require('../../scripts/docs/reference/declarations');

const root = path.join(__dirname, '../..');
const read = (language, page) => fs.readFileSync(path.join(root, 'docs', language, 'reference', page), 'utf8');

const all = declarations();
const membersOf = (name) => members(all.get(name)[0]).map(([member]) => member);
const codes = fs
  .readFileSync(path.join(root, 'lib/types/codes.d.ts'), 'utf8')
  .match(/(?<=')(?:ERR|CLUSTER)_[A-Z_]+(?=')/g);
/** As of any emitter. */
const isOrdinary = (member) =>
  /^(?:constructor|on|once|off|emit|(?:add|remove|prepend|prependOnce)Listener)$/.test(member);
const ofClasses = ['Cluster', 'ClusterChild', 'ClusterWorker', 'ClusterAlone', 'ClusterError'].flatMap(membersOf);
const methods = ofClasses.filter((member) => !isOrdinary(member)).map((name) => name.replace(/^\[(.*)\]$/, '$1'));
const functions = [...all].filter(([, [node]]) => node.parameters).map(([name]) => name);

test.each(Object.entries(pages()))('en/reference/%s is up to date (else: npm run docs:reference)', (page, text) => {
  expect(read('en', page)).toBe(text);
});

/** In code: by itself, or as `cluster.name(…)`. */
const isNamed = (text, name) =>
  new RegExp(`\`(?:\\w+\\.|\\[)?${name.replaceAll('.', '\\.')}(?!\\w)[^\`]*\``).test(text);

test.each([
  ['configuration.md', membersOf('ClusterConfig'), 30],
  [
    'events.md',
    [...membersOf('ClusterEvents'), ...membersOf('ProcessEvents').map((name) => name.replaceAll("'", ''))],
    20,
  ],
  ['errors.md', codes, 40],
  ['api.md', [...functions, ...methods], 30],
])('zh/reference/%s names everything', (page, names, least) => {
  expect(names.length).toBeGreaterThan(least);
  const text = read('zh', page);
  expect(names.filter((name) => !isNamed(text, name))).toEqual([]);
});
