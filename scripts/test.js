'use strict';
// `npm test`: every check of the project, in the order in which they fail fastest. Stops at the first that fails.

const { beside } = require('./beside');
const { buildCommand, install, run } = require('./prepare');
const { rustMissing } = require('./rust');

/** Of the end-to-end tests: those that are run against the package, too. */
const PACKED = 'e2e/(startup/(startup|manager)|messages/(messages|request)|reload/reload-asked)\\.';

async function main() {
  install();
  const builds = [buildCommand()];
  const missing = rustMissing();
  if (missing) console.log(`NOT RUN: the tests of \`fleet\`. ${missing}`);
  else builds.push(['npm', 'run', '--silent', 'build:fleet']);
  // The end of a build uses one core only, and so do most of these.
  console.log('The addon is built; meanwhile the files are checked.');
  await beside(builds, [
    ['npm', 'run', '--silent', 'lint'],
    ['npm', 'run', '--silent', 'test:types'],
    ['npm', 'run', '--silent', 'docs:build'],
    ['npm', 'run', '--silent', 'lint:rust'],
  ]);
  console.log('The Rust tests; meanwhile the package is installed.');
  await beside(
    [['npm', 'run', '--silent', 'test:rust']],
    [
      ['npm', 'run', '--silent', 'test:pack'],
      ['npm', 'run', '--silent', 'test:packed', '--', '--testPathPatterns', PACKED],
    ],
  );
  run('npm', ['run', '--silent', 'test:jest']);
}

main();
