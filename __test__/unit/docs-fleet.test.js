'use strict';
// docs/*/guide/fleet.md: each configuration that it shows is accepted, and its table has the fields and the defaults that there are.

const vm = require('node:vm');
const { normalize } = require('../../lib/config');
const { snippetsOf } = require('../../scripts/docs/snippets');
const fs = require('node:fs');
const path = require('node:path');
const { folder, removeFolders } = require('./support/folder');

afterAll(removeFolders);

const cwd = folder({ 'app.js': '', 'alone/report.js': 'module.exports = () => {};' });
const page = (language) => `docs/${language}/guide/fleet.md`;

/** What a start file gives to startCluster(). */
function configured({ code }) {
  const startCluster = jest.fn();
  vm.runInNewContext(code, { process: { env: { NATS_PASSWORD: 's3cret' } }, require: () => ({ startCluster }) });
  const [[config]] = startCluster.mock.calls;
  // Of this realm.
  return JSON.parse(JSON.stringify(config));
}

test.each(['en', 'zh'])('%s: the start files', (language) => {
  const starts = snippetsOf(page(language)).filter(({ name }) => name === 'start.js');
  const settings = starts.map((start) => normalize({ ...configured(start), cwd, mode: 'production' }));
  expect(settings.map(({ count, fleet }) => [count, fleet.servers.length, fleet.alone, fleet.credentials])).toEqual([
    [4, 3, 'fleet', { user: 'shop', password: 's3cret' }],
    [1, 3, 'fleet', { user: 'shop', password: 's3cret' }],
  ]);
});

test.each(['en', 'zh'])('%s: the fields, with their defaults', (language) => {
  const text = fs.readFileSync(path.join(__dirname, '../..', page(language)), 'utf8');
  // What follows the usual default is when there is another one.
  const rows = [...text.matchAll(/^\| `(\w+)`.* \| ([^|;；]+)(?:[;；][^|]*)? \|$/gm)];
  const told = Object.fromEntries(rows.map(([, name, usual]) => [name, usual]));
  const { lease, onLost, start, alone, randomWorker, ...others } = normalize({
    exec: 'app.js',
    alone: 'alone',
    cwd,
    mode: 'production',
    fleet: { url: 'nats://a' },
  }).fleet;
  expect(told).toMatchObject({
    lease: `${lease}`,
    onLost: `\`'${onLost}'\``,
    start: `\`'${start}'\``,
    alone: `\`'${alone}'\``,
    randomWorker: `\`'${randomWorker}'\``,
  });
  const named = Object.keys(told)
    .filter((name) => !['fleet', 'url'].includes(name))
    .sort();
  const fields = ['lease', 'onLost', 'start', 'alone', 'randomWorker', ...Object.keys(others)];
  expect([...named, 'servers'].sort()).toEqual(fields.sort());
});
