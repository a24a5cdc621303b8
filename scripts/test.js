'use strict';
// `npm test`: every check of the project, in the order in which they fail fastest. Stops at the first that fails.

const { beside } = require('./beside');
const { buildCommand, install, run } = require('./prepare');
const { rustMissing } = require('./rust');

async function main() {
  install();
  const builds = [buildCommand()];
  const missing = rustMissing();
  if (missing) console.log(`NOT RUN: the tests of \`fleet\`. ${missing}`);
  else builds.push(['npm', 'run', '--silent', 'build:fleet']);
  // The end of a build uses one core only, and so do these.
  console.log('The addon is built; meanwhile the files are checked.');
  await beside(builds, [
    ['npm', 'run', '--silent', 'lint'],
    ['npm', 'run', '--silent', 'test:types'],
    ['npm', 'run', '--silent', 'docs:build'],
  ]);
  run('npm', ['run', '--silent', 'lint:rust']);
  run('npm', ['run', '--silent', 'test:rust']);
  run('npm', ['run', '--silent', 'test:pack']);
  run('npm', ['run', '--silent', 'test:jest']);
}

main();
