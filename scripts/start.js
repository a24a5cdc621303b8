'use strict';
// `npm start`: prepares the clone, then runs examples/koa in production mode.

const { spawn } = require('node:child_process');
const os = require('node:os');
const path = require('node:path');
const { prepare, root } = require('./prepare');

prepare();

const app = spawn(process.execPath, [path.join(root, 'examples/koa/start.js')], {
  stdio: 'inherit',
  env: { ...process.env, NODE_ENV: 'production' },
});

// The app decides when this ends. A terminal sends SIGINT, SIGQUIT and SIGHUP to the app as well, so they must not be
// passed on (a second one would force the shutdown); SIGTERM comes to this process alone.
for (const signal of ['SIGINT', 'SIGQUIT', 'SIGHUP']) process.on(signal, () => {});
process.on('SIGTERM', () => app.kill('SIGTERM'));

app.on('exit', (code, signal) => process.exit(signal ? 128 + os.constants.signals[signal] : code));
