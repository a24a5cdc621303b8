'use strict';
// `npm test`: every check of the project. Stops at the first that fails.

const { beside } = require('./beside');
const { buildCommand, installCommands, run } = require('./prepare');
const { rustMissing } = require('./rust');

/** Of the end-to-end tests: those that are run against the package, too. */
const PACKED = 'e2e/(startup/(startup|manager)|messages/(messages|request)|reload/reload-asked)\\.';

/** The crates are built once here: to prepare for the next build takes longer than it saves. What is random is tried more often by `npm run
 *  test:deep`. */
const FOR_ONE_RUN = { CARGO_INCREMENTAL: '0', PROPTEST_CASES: '128' };

async function main() {
  for (const [name, value] of Object.entries(FOR_ONE_RUN)) process.env[name] ??= value;
  const build = buildCommand();
  const missing = rustMissing();
  if (missing) console.log(`NOT RUN: the tests of \`fleet\`. ${missing}`);
  console.log(
    "The addon is built, and the files are checked; meanwhile the fleet's engine is built, and the Rust tests run.",
  );
  // The end of a build uses one core only, and so do most of the others.
  await beside(
    [
      ...installCommands(),
      build,
      ['npm', 'run', '--silent', 'lint'],
      ['npm', 'run', '--silent', 'test:types'],
      ['npm', 'run', '--silent', 'docs:build'],
    ],
    [...(missing ? [] : [['npm', 'run', '--silent', 'build:fleet']]), ['npm', 'run', '--silent', 'test:rust']],
  );
  console.log('The package is tried; meanwhile the Rust files are checked.');
  await beside(
    [
      ['npm', 'run', '--silent', 'test:pack'],
      ['npm', 'run', '--silent', 'test:packed', '--', '--testPathPatterns', PACKED],
    ],
    [
      ['npm', 'run', '--silent', 'lint:rust'],
      ['npm', 'run', '--silent', 'test:licences'],
    ],
  );
  run('npm', ['run', '--silent', 'test:jest']);
}

main();
