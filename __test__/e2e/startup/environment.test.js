'use strict';

const { execFileSync } = require('node:child_process');
const path = require('node:path');
const { test } = require('../support/at-once');
const { start, fixture } = require('../support/cluster');
const { Project, nth, source } = require('../support/development');
const { folder } = require('../support/files');

/** Whether there is a C compiler: what builds the addon from its source has one, too. */
const hasCompiler = () => {
  try {
    return Boolean(execFileSync('sh', ['-c', 'command -v cc']));
  } catch {
    return false;
  }
};

/** The environment of an app that prints which of its threads look into it. JS may change it at any moment, and then what
 *  another thread looks through is gone. */
function watchingReads() {
  const library = path.join(folder(), 'getenv.so');
  execFileSync('cc', ['-shared', '-fPIC', '-o', library, fixture('getenv.c'), '-ldl']);
  return { LD_PRELOAD: library, NOTIFY_SOCKET: '/nowhere', WATCHDOG_USEC: '20000', RUST_BACKTRACE: '1' };
}

/** Threads of the master, of its watch, and of crates; others are Node's own. */
const OURS = /^getenv-watch .* in (cluster|wait|notify|tokio)/;

function reads(app) {
  expect(app.output).toContain('getenv-watch begins');
  return app.output.split('\n').filter((line) => OURS.test(line));
}

// Linux has it, and the compiler is there where the addon was built: elsewhere this is not run.
const testReads = process.platform === 'linux' && hasCompiler() ? test : test.skip;

testReads('in production no thread but that of JS looks into the environment', async () => {
  const app = await start(
    { count: 2, alone: fixture('alone/service.js'), standby: 1, minUptime: 100, output: 'prefix' },
    { env: watchingReads() },
  );
  const [victim] = await app.workers();
  await app.call('killWorker', victim.id);
  await app.event('listening', ({ id }) => id > victim.id);
  await app.call('reload');
  await app.call('scale', 3);
  await app.call('close');
  await app.gone;
  expect(reads(app)).toEqual([]);
});

testReads('nor in development, where what git ignores is found out', async () => {
  const project = new Project({ 'src/app.js': source('one') });
  const app = await project.start({}, { env: watchingReads() });
  project.save('src/app.js', source('two'));
  await nth(app, 'listening', 2);
  await app.stop();
  expect(reads(app)).toEqual([]);
});
