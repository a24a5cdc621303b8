'use strict';
// docs/*/guide/observability.md lists the metrics: all that there are, the same in both languages.

const fs = require('node:fs');
const path = require('node:path');

const read = (name) => fs.readFileSync(path.join(__dirname, '../..', name), 'utf8');
const sorted = (names) => [...new Set(names)].sort();

const files = ['metrics.rs', 'metrics/fleet.rs', 'metrics/messages.rs', 'metrics/traffic.rs'];
const sources = files.map((file) => read(`crates/admin/src/${file}`)).join('');
const written = sources.matchAll(/"cluster_native_(\w+)"/g);
const names = sorted([...written].map(([, name]) => name));

/** The second cells of the table under this heading. */
function listed(document, heading) {
  const section = read(document).split(`\n### ${heading}\n`)[1];
  const table = /^\|(?:.*\n\|)+.*$/m.exec(section)[0];
  const cells = table.split('\n').map((row) => row.split(' | ')[1]);
  return sorted(cells.flatMap((cell) => [...cell.matchAll(/`(\w+)`/g)].map(([, name]) => name)));
}

test('there are metrics', () => {
  expect(names.length).toBeGreaterThan(30);
});

test.each([
  ['docs/en/guide/observability.md', 'Metrics'],
  ['docs/zh/guide/observability.md', '指标'],
])('%s', (document, heading) => {
  expect(listed(document, heading)).toEqual(names);
});
