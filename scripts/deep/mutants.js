'use strict';
// `npm run test:mutants [-- shards [first]]`: changes protocol and core in small ways, one at a time, and looks whether a unit
// test notices. A run of all takes hours: it goes by shards, each of which is done once (target/mutants) and kept, so that it
// can be stopped and resumed. Without numbers it does what is left, in a random order: any part of it is a sample of all.
// `npm run test:mutants -- report`: what survived so far. What may, and why, is in docs/mutants.md.
// Needs cargo-mutants (`cargo install cargo-mutants`).

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { fail, root } = require('../prepare');

const SHARDS = 250;
/** Without the addon and its runtime a mutant is built in a third of the time. */
const PACKAGES = ['cluster-protocol', 'cluster-core'];
const folder = path.join(root, 'target/mutants');
const copy = path.join(folder, 'copy');

/** A copy of the workspace, which may be left changed when a run is stopped midway. */
function prepare() {
  // A build that was stopped midway leaves what cannot be linked.
  fs.rmSync(path.join(copy, 'target/debug/incremental'), { recursive: true, force: true });
  for (const part of ['Cargo.toml', 'Cargo.lock', 'build.rs', 'src', 'crates']) {
    fs.rmSync(path.join(copy, part), { recursive: true, force: true });
    fs.cpSync(path.join(root, part), path.join(copy, part), { recursive: true });
  }
}

const resultOf = (shard) => path.join(folder, `shard-${shard}`);
const isDone = (shard) => fs.existsSync(path.join(resultOf(shard), 'done'));

function test(shard) {
  const output = resultOf(shard);
  fs.rmSync(output, { recursive: true, force: true });
  fs.mkdirSync(output, { recursive: true });
  const options = ['--shard', `${shard}/${SHARDS}`, '--output', output, '--sharding=round-robin', '--in-place', '--baseline=skip', '--timeout=60', '--colors=never', '--cargo-test-arg=--lib', ...PACKAGES.map((name) => `--package=${name}`), `--test-package=${PACKAGES}`];
  const env = {
    ...process.env,
    // A failure is enough: it is not made small.
    PROPTEST_CASES: '40', PROPTEST_MAX_SHRINK_ITERS: '0', RUST_BACKTRACE: '0',
    // Tests run for longer than they are built.
    CARGO_PROFILE_DEV_OPT_LEVEL: '1', CARGO_PROFILE_DEV_DEBUG: 'false',
  };
  const { status } = spawnSync('cargo', ['mutants', ...options], { cwd: copy, stdio: 'inherit', env });
  // 2: some survived; 3: some ran out of time, which their tests notice.
  if (status !== 0 && status !== 2 && status !== 3) fail(`cargo mutants ended with ${status}.`);
  fs.writeFileSync(path.join(output, 'done'), '');
}

function lines(shard, name) {
  const file = path.join(resultOf(shard), 'mutants.out', `${name}.txt`);
  return fs.existsSync(file) ? fs.readFileSync(file, 'utf8').split('\n').filter(Boolean) : [];
}

function report() {
  const done = shards.filter(isDone);
  const all = (name) => done.flatMap((shard) => lines(shard, name));
  const [caught, missed, timedOut] = ['caught', 'missed', 'timeout'].map(all);
  const viable = caught.length + missed.length + timedOut.length;
  console.log(missed.sort().join('\n'));
  console.log(`${done.length} of ${SHARDS} shards: ${viable} viable mutants, ${missed.length} of them survived.`);
}

const shards = Array.from({ length: SHARDS }, (_, shard) => shard);
const [count = SHARDS, first] = process.argv.slice(2);
if (count === 'report') {
  report();
} else {
  if (spawnSync('cargo', ['mutants', '--version']).status !== 0) fail('It needs cargo-mutants: cargo install cargo-mutants');
  prepare();
  const left = shards.filter((shard) => !isDone(shard)).map((shard) => ({ shard, order: Math.random() }));
  left.sort((one, other) => (first === undefined ? one.order - other.order : one.shard - other.shard));
  const chosen = left.filter(({ shard }) => first === undefined || shard >= Number(first)).slice(0, Number(count));
  for (const { shard } of chosen) test(shard);
  report();
}
