'use strict';

// `npm run bench`: all benchmarks, one after the other. `npm run bench -- --against <commit>`: the working tree beside that commit
// (against/index.js). Hours on a machine that does nothing else; each can be run by itself, too.

const { spawnSync } = require('node:child_process');
const path = require('node:path');
const { parseArgs } = require('node:util');
const { scripts } = require('../package.json');

const root = path.join(__dirname, '..');
const { values } = parseArgs({
  options: { against: { type: 'string' }, pairs: { type: 'string', default: '21' } },
});

if (values.against === undefined) {
  const names = Object.keys(scripts).filter((name) => name.startsWith('bench:'));
  const failed = names.filter((name) => {
    console.error(`== ${name}`);
    return spawnSync('npm', ['run', '--silent', name], { cwd: root, stdio: 'inherit' }).status !== 0;
  });
  if (failed.length > 0) {
    console.error(`failed: ${failed.join(', ')}`);
    process.exitCode = 1;
  }
} else {
  require('./against')
    .compare(values.against, Number(values.pairs))
    .catch((error) => {
      console.error(error.message);
      process.exitCode = 1;
    });
}
