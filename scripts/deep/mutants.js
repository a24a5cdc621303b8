'use strict';
// `npm run test:mutants [-- shards [first]]`: changes protocol, core and fleet in small ways, one at a time, and looks whether a unit
// test notices. A run of all takes hours: it goes by shards, each of which is done once (target/mutants) and kept, so that it
// can be stopped and resumed. Without numbers it does what is left, in a random order: any part of it is a sample of all.
// `npm run test:mutants -- report`: what survived so far. What may, and why, is in docs/mutants.md.
// Needs cargo-mutants (`cargo install cargo-mutants`).

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { fail, root } = require('../prepare');

const SHARDS = 150;
/** Each is tested by its own tests alone: what only another's notice counts as survived. */
const PACKAGES = ['cluster-protocol', 'cluster-core', 'cluster-fleet'];
const folder = path.join(root, 'target/mutants');
const copy = path.join(folder, 'copy');
const runner = path.join(folder, 'runner.sh');
/**
 * How the tests of a mutant are run: the quick ones first, and all if these notice nothing. A mutant may go round for ever, and take
 * memory meanwhile: its time is the CPU's, so that a busy machine makes none late.
 */
const RUNNER = `#!/bin/sh
ulimit -t 20
ulimit -v 4000000
PROPTEST_CASES=2 "$@" --skip histories --skip without_end --skip again_and_again --skip kills_whoever && exec "$@"
`;

/** A copy of the workspace, which may be left changed when a run is stopped midway. */
function prepare() {
  // A build that was stopped midway leaves what cannot be linked.
  fs.rmSync(path.join(copy, 'target/debug/incremental'), { recursive: true, force: true });
  for (const part of ['Cargo.toml', 'Cargo.lock', 'build.rs', 'src', 'crates']) {
    fs.rmSync(path.join(copy, part), { recursive: true, force: true });
    fs.cpSync(path.join(root, part), path.join(copy, part), { recursive: true });
  }
  fs.writeFileSync(runner, RUNNER, { mode: 0o755 });
}

const resultOf = (shard) => path.join(folder, `shard-${shard}`);
const isDone = (shard) => fs.existsSync(path.join(resultOf(shard), 'done'));

function environment() {
  return {
    ...process.env,
    // A failure is enough: it is not made small.
    PROPTEST_CASES: '20',
    PROPTEST_MAX_SHRINK_ITERS: '0',
    RUST_BACKTRACE: '0',
    CARGO_PROFILE_DEV_DEBUG: 'false',
    [`CARGO_TARGET_${host().toUpperCase().replaceAll('-', '_')}_RUNNER`]: runner,
  };
}

/** What fails without a change would count as caught. */
function checkUnchanged() {
  for (const name of PACKAGES) {
    const { status } = spawnSync('cargo', ['test', '--quiet', '--lib', `--package=${name}`], {
      cwd: copy,
      stdio: 'inherit',
      env: environment(),
    });
    if (status !== 0) fail(`The tests of ${name} fail without any change.`);
  }
}

function test(shard, name) {
  const output = path.join(resultOf(shard), name);
  fs.rmSync(output, { recursive: true, force: true });
  fs.mkdirSync(output, { recursive: true });
  const options = [
    '--shard',
    `${shard}/${SHARDS}`,
    '--output',
    output,
    '--sharding=round-robin',
    '--in-place',
    '--baseline=skip',
    '--timeout=300',
    '--colors=never',
    '--cargo-test-arg=--lib',
    `--package=${name}`,
    `--test-package=${name}`,
  ];
  const { status } = spawnSync('cargo', ['mutants', ...options], { cwd: copy, stdio: 'inherit', env: environment() });
  // 2: some survived; 3: some ran out of time, which their tests notice.
  if (status !== 0 && status !== 2 && status !== 3) fail(`cargo mutants ended with ${status}.`);
}

function host() {
  return /^host: (.*)$/m.exec(spawnSync('rustc', ['-vV'], { encoding: 'utf8' }).stdout)[1];
}

function lines(shard, name) {
  const files = PACKAGES.map((part) => path.join(resultOf(shard), part, 'mutants.out', `${name}.txt`));
  return files
    .filter((file) => fs.existsSync(file))
    .flatMap((file) => fs.readFileSync(file, 'utf8').split('\n').filter(Boolean));
}

function report() {
  const done = shards.filter(isDone);
  const all = (name) => done.flatMap((shard) => lines(shard, name));
  const [caught, missed, timedOut] = ['caught', 'missed', 'timeout'].map(all);
  const viable = caught.length + missed.length + timedOut.length;
  console.log(missed.sort().join('\n'));
  console.log(
    `${done.length} of ${SHARDS} shards: ${viable} viable mutants, ${missed.length} of them survived, ${timedOut.length} ran out of time.`,
  );
}

const shards = Array.from({ length: SHARDS }, (_, shard) => shard);
const [count = SHARDS, first] = process.argv.slice(2);
if (count === 'report') {
  report();
} else {
  if (spawnSync('cargo', ['mutants', '--version']).status !== 0)
    fail('It needs cargo-mutants: cargo install cargo-mutants');
  prepare();
  checkUnchanged();
  const left = shards.filter((shard) => !isDone(shard)).map((shard) => ({ shard, order: Math.random() }));
  left.sort((one, other) => (first === undefined ? one.order - other.order : one.shard - other.shard));
  const chosen = left.filter(({ shard }) => first === undefined || shard >= Number(first)).slice(0, Number(count));
  // What core is built on is built anew after each change of it: several shards of one package follow each other.
  while (chosen.length > 0) {
    const group = chosen.splice(0, 5).map(({ shard }) => shard);
    for (const name of PACKAGES) group.forEach((shard) => test(shard, name));
    for (const shard of group) fs.writeFileSync(path.join(resultOf(shard), 'done'), '');
  }
  report();
}
