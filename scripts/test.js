'use strict';
// `npm test`: every check of the project, in the order in which they fail fastest. Stops at the first that fails.

const { prepare, run } = require('./prepare');

prepare();
run('npm', ['run', '--silent', 'lint:rust']);
run('npm', ['run', '--silent', 'lint']);
run('npm', ['run', '--silent', 'test:types']);
run('npm', ['run', '--silent', 'docs:build']);
run('npm', ['run', '--silent', 'test:rust']);
run('npm', ['run', '--silent', 'test:pack']);
run('npm', ['run', '--silent', 'test:jest']);
