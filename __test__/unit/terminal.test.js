'use strict';
// What this process writes itself.

const { write, written } = require('../../lib/output/terminal');

test('who has replaced stdout.write() and drops the callbacks is not waited for', async () => {
  const { write: nodes } = process.stdout;
  process.stdout.write = (chunk) => nodes.call(process.stdout, chunk);
  try {
    write('stdout', '');
    await written(1_000_000);
  } finally {
    process.stdout.write = nodes;
  }
});
