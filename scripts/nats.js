'use strict';
// `npm run test:nats [-- filter]`: engines/nats with a real server: clippy and tests. It needs Rust 1.89.

const path = require('node:path');
const { natsServer } = require('./nats-server');
const { root, run } = require('./prepare');
const { checkRust } = require('./rust');

checkRust();
const PATH = [path.dirname(natsServer()), process.env.PATH].join(path.delimiter);
const options = { cwd: path.join(root, 'engines/nats'), env: { ...process.env, PATH } };
run('cargo', ['clippy', '--quiet', '--all-targets', '--', '-D', 'warnings'], options);
run('cargo', ['test', '--quiet', '--', ...process.argv.slice(2)], options);
