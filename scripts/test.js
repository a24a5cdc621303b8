'use strict';
// `npm test`: every check of the project. Stops at the first that fails.

const { beside } = require('./beside');
const { buildCommand, install, run } = require('./prepare');
const { rustMissing } = require('./rust');

/** Of the end-to-end tests: those that are run against the package, too. */
const PACKED = 'e2e/(startup/(startup|manager)|messages/(messages|request)|reload/reload-asked)\\.';

async function main() {
  install();
  const missing = rustMissing();
  if (missing) console.log(`NOT RUN: the tests of \`fleet\`. ${missing}`);
  console.log('The addon is built and packed; meanwhile the files are checked, and the Rust tests run.');
  // The end of a build uses one core only, and so do most of the others.
  await beside(
    [
      buildCommand(),
      ...(missing ? [] : [['npm', 'run', '--silent', 'build:fleet']]),
      ['npm', 'run', '--silent', 'test:pack'],
      ['npm', 'run', '--silent', 'test:packed', '--', '--testPathPatterns', PACKED],
    ],
    [
      ['npm', 'run', '--silent', 'lint'],
      ['npm', 'run', '--silent', 'test:types'],
      ['npm', 'run', '--silent', 'docs:build'],
      ['npm', 'run', '--silent', 'lint:rust'],
      ['npm', 'run', '--silent', 'test:rust'],
    ],
  );
  run('npm', ['run', '--silent', 'test:jest']);
}

main();
