'use strict';
// `npm run test:nats [-- filter]`: engines/nats with a real server: clippy and tests. It needs Rust 1.89.

const path = require('node:path');
const { withNatsServer } = require('./nats-server');
const { root, run } = require('./prepare');
const { checkRust } = require('./rust');

checkRust();
const options = { cwd: path.join(root, 'engines/nats'), env: withNatsServer(process.env) };
run('cargo', ['clippy', '--quiet', '--all-targets', '--', '-D', 'warnings'], options);
run('cargo', ['test', '--quiet', '--', ...process.argv.slice(2)], options);
