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
const folder = path.join(root, 'target/mutants');
const pure = path.join(folder, 'pure');

/** Protocol and core alone: without the addon and its runtime a mutant is built in a third of the time. */
function prepare() {
  // A build that was stopped midway leaves what cannot be linked.
  fs.rmSync(path.join(pure, 'target/debug/incremental'), { recursive: true, force: true });
  fs.mkdirSync(path.join(pure, 'src'), { recursive: true });
  for (const part of ['core', 'protocol']) {
    fs.rmSync(path.join(pure, 'src', part), { recursive: true, force: true });
    fs.cpSync(path.join(root, 'src', part), path.join(pure, 'src', part), { recursive: true });
  }
  const manifest = fs.readFileSync(path.join(root, 'Cargo.toml'), 'utf8');
  const line = (name) => manifest.match(new RegExp(`^${name} = .*$`, 'm'))[0];
  fs.writeFileSync(
    path.join(pure, 'Cargo.toml'),
    [
      '[package]\nname = "pure"\nversion = "0.0.0"\nedition = "2024"\n\n[dependencies]',
      ...['bytes', 'libc', 'serde', 'serde_json', 'memchr', 'fastrand'].map(line),
      `\n[dev-dependencies]\n${line('proptest')}`,
      // Tests run for longer than they are built.
      '\n[profile.dev]\nopt-level = 1\ndebug = false\n\n[workspace]\n',
    ].join('\n'),
  );
  fs.writeFileSync(path.join(pure, 'src/lib.rs'), '#![allow(dead_code)]\npub mod core;\npub mod protocol;\n');
}

const resultOf = (shard) => path.join(folder, `shard-${shard}`);
const isDone = (shard) => fs.existsSync(path.join(resultOf(shard), 'done'));

function test(shard) {
  const output = resultOf(shard);
  fs.rmSync(output, { recursive: true, force: true });
  fs.mkdirSync(output, { recursive: true });
  const options = ['--shard', `${shard}/${SHARDS}`, '--output', output, '--sharding=round-robin', '--in-place', '--baseline=skip', '--timeout=20', '--colors=never', '--cargo-test-arg=--lib'];
  // A failure is enough: it is not made small.
  const env = { ...process.env, PROPTEST_CASES: '40', PROPTEST_MAX_SHRINK_ITERS: '0', RUST_BACKTRACE: '0' };
  const { status } = spawnSync('cargo', ['mutants', ...options], { cwd: pure, stdio: 'inherit', env });
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
