'use strict';
// `npm run test:miri [-- --seconds 300] [-- filter]`: the unit tests of protocol and core under Miri, which finds undefined behaviour. It is
// slow, up to a thousand times: random tests run a few cases only, and each test has a time limit. What has passed is kept in
// target/miri-passed.json and not run again as long as the crates are the same, so that a run can be broken off. Needs a nightly toolchain
// with Miri (`rustup +nightly component add miri`).

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { parseArgs } = require('node:util');
const { fail, root } = require('../prepare');

const CRATES = ['cluster-protocol', 'cluster-core'];
const PASSED = path.join(root, 'target/miri-passed.json');
/** Random tests are for fast machines: under Miri none of them comes to its end. */
const SKIPPED = ['histories', 'properties'];

const env = { ...process.env, MIRIFLAGS: '-Zmiri-disable-isolation', PROPTEST_CASES: '2' };

/** `seconds`: then it is given up. @returns its output; undefined if it was given up; throws if it failed */
function miri(crate, args, seconds) {
  const command = ['+nightly', 'miri', 'test', '--quiet', '-p', crate, '--lib', '--', ...args];
  const limit = seconds && { timeout: seconds * 1000, killSignal: 'SIGKILL' };
  // In a group of its own: cargo's children end with it.
  const result = spawnSync('setsid', ['--wait', 'cargo', ...command], { cwd: root, env, encoding: 'utf8', ...limit });
  if (result.error?.code === 'ETIMEDOUT') {
    spawnSync('pkill', ['-KILL', '-s', String(result.pid)]);
    return undefined;
  }
  if (result.error) throw result.error;
  if (result.status !== 0) throw new Error(result.stdout + result.stderr);
  return result.stdout;
}

/** What the tests are of: the trees of both crates, as git names them, and what is not committed. */
function version() {
  const git = (...args) => spawnSync('git', args, { cwd: root, encoding: 'utf8' }).stdout;
  const folders = ['crates/protocol', 'crates/core'];
  return folders.map((folder) => git('rev-parse', `HEAD:${folder}`)).join('') + git('diff', 'HEAD', '--', ...folders);
}

function kept() {
  const old = fs.existsSync(PASSED) ? JSON.parse(fs.readFileSync(PASSED, 'utf8')) : {};
  return old.version === version() ? old : { version: version(), passed: [] };
}

function testsOf(crate, filter) {
  const listed = miri(crate, ['--list', ...filter]);
  const names = [...listed.matchAll(/^(\S+): test$/gm)].map(([, name]) => name);
  return names.filter((name) => !SKIPPED.some((skipped) => name.includes(skipped)));
}

function main() {
  const options = { seconds: { type: 'string', default: '300' } };
  const { values, positionals } = parseArgs({ options, allowPositionals: true });
  const state = kept();
  const slow = [];
  let passed = 0;
  for (const crate of CRATES) {
    for (const name of testsOf(crate, positionals)) {
      const test = `${crate} ${name}`;
      const isDone =
        state.passed.includes(test) || miri(crate, ['--exact', name], Number(values.seconds)) !== undefined;
      console.log(`${isDone ? 'passed' : 'too slow'}: ${test}`);
      if (!isDone) {
        slow.push(test);
        continue;
      }
      passed += 1;
      if (!state.passed.includes(test)) state.passed.push(test);
      fs.writeFileSync(PASSED, JSON.stringify(state, null, 2));
    }
  }
  console.log(
    `${passed} passed, ${slow.length} not at their end within ${values.seconds} s${slow.map((test) => `\n  ${test}`).join('')}`,
  );
}

try {
  main();
} catch (error) {
  fail(error.message);
}
